// Puts two parts of jco's published package beside the packages when a test first asks: the WIT of WASI 0.2 and the stock adapter from
// WASI 0.1. It must never take other bytes than the digest names, and never be part of a product: jco whole would weigh 600 MB.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { leftOut } from '../../support/left-out.ts';

const PACKAGE = '@bytecodealliance/jco@1.35.0';
const SHA512 = 'O53cWIMm/M1SpwLxKRicvAMDnzWf4zWs6I6qFZIGbn3HUovDMCCe9blkGxxYuyocHjVf/cXgNmlMu/x7Tyi77A==';
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/casemate');
const PLACE = join(CACHE, 'jco-1.35.0');
const STEP_TIMEOUT_MS = 100_000;

export interface WasiParts {
  /** The newest release of WASI 0.2 as WIT text, one package of it by its name (`cli`, `io`, …). */
  readonly wit: (name: string) => string;
  /** A core module that puts WASI 0.1 on WASI 0.2, for commands. */
  readonly commandAdapter: Uint8Array;
}

/** The parts; without them the test is left out by name, and the caller returns. In CI it fails. */
export function wasiParts(t: ExecutionContext<unknown>): WasiParts | undefined {
  const failure = existsSync(PLACE) ? undefined : install();
  if (failure !== undefined) {
    if (process.env['CI'] === 'true') throw new Error(`in CI the parts of WASI are required: ${failure}`);
    leftOut(t, `the WIT and the adapter of ${PACKAGE}: ${failure}`, `npm pack ${PACKAGE}`);
    return undefined;
  }
  const library = join(PLACE, 'lib');
  const newest = readdirSync(join(library, 'wit/builtin'))
    .filter((name) => name.startsWith('0.2.'))
    .sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
    .at(-1);
  return {
    wit: (name) => readFileSync(join(library, 'wit/builtin', newest ?? '', `wasi-${name}`, 'package.wit'), 'utf8'),
    commandAdapter: new Uint8Array(readFileSync(join(library, 'wasi_snapshot_preview1.command.wasm'))),
  };
}

/** What went wrong. */
function install(): string | undefined {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'jco-'));
  try {
    const packed = run('npm', ['pack', PACKAGE, '--ignore-scripts', '--silent', '--pack-destination', work]);
    if (packed !== undefined) return packed;
    const archive = join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '');
    if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== SHA512) return 'another digest';
    const unpacked = run('tar', ['-xzf', archive, '-C', work, 'package/lib']);
    if (unpacked !== undefined) return unpacked;
    // Whole or not at all: another test may look at the same moment.
    if (!existsSync(PLACE)) moveWhole(join(work, 'package'));
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function moveWhole(from: string): void {
  try {
    renameSync(from, PLACE);
  } catch (error) {
    // Another test was first, with the same bytes.
    if (!existsSync(PLACE)) throw error;
  }
}

function run(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: STEP_TIMEOUT_MS });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split('\n').at(-1) ?? `${program} failed without a word`;
}
