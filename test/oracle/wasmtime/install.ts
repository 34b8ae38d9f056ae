// Puts the pinned wasmtime library beside the packages, with pip, when it is not there yet. It must never take other bytes than the
// digests in requirements.txt name, and never anything but a library for tests.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const CACHE = join(ROOT, 'node_modules/.cache/casemate');
/** Download and unpacking; a mirror that does not answer is not waited for. */
const STEP_TIMEOUT_MS = 100_000;

export type WasmtimeLibrary = { readonly path: string } | { readonly missing: string; readonly remedy: string };

/** The library's path; or what is missing, and the command that a person would run. Several tests may ask at once. */
export function wasmtimeLibrary(): WasmtimeLibrary {
  const release = /^wasmtime==([\d.]+)/m.exec(readFileSync(REQUIREMENTS, 'utf8'))?.[1] ?? 'unknown';
  const place = join(CACHE, `wasmtime-${release}`);
  if (!existsSync(place)) {
    const failure = install(place);
    if (failure !== undefined) return failure;
  }
  const folder = join(place, 'wasmtime');
  const file = readdirSync(folder)
    .flatMap((name) => ['_libwasmtime.so', '_libwasmtime.dylib'].map((library) => join(folder, name, library)))
    .find((candidate) => existsSync(candidate));
  return file === undefined ? { missing: `a library in ${place}`, remedy: `rm -r ${place}` } : { path: file };
}

function install(place: string): WasmtimeLibrary | undefined {
  const pip = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--retries', '1'];
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'wasmtime-'));
  try {
    const loaded = python([...pip, '--disable-pip-version-check', '--quiet', '-r', REQUIREMENTS, '-d', work]);
    if (loaded !== undefined) {
      const remedy = `apt-get install python3-pip, then python3 ${pip.join(' ')} -r test/oracle/wasmtime/requirements.txt`;
      return { missing: `wasmtime: ${loaded}`, remedy };
    }
    const wheel = readdirSync(work).find((name) => name.endsWith('.whl')) ?? '';
    const unpacked = python(['-m', 'zipfile', '-e', join(work, wheel), join(work, 'unpacked')]);
    if (unpacked !== undefined) return { missing: `wasmtime: ${unpacked}`, remedy: 'apt-get install python3' };
    // Whole or not at all: another test may look at the same moment.
    if (!existsSync(place)) moveWhole(join(work, 'unpacked'), place);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function moveWhole(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another test was first, with the same bytes.
    if (!existsSync(to)) throw error;
  }
}

/** What went wrong, in its last line. */
function python(args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('python3', args, { encoding: 'utf8', timeout: STEP_TIMEOUT_MS });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? 'python3 failed without a word';
}

if (import.meta.main) console.log(wasmtimeLibrary());
