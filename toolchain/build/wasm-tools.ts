// wasm-tools in a short-lived process with limits: core module to component, and validation. Never in this process: a panic on
// one hostile component would spoil every later build in it.

import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ByteWriter, concatBytes } from '../../contracts/core/bytes.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import { BuildError } from './build-error.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHILD = join(import.meta.dirname, 'wasm-tools-child.ts');
const WIT = join(ROOT, 'host-apis/wit/device.wit');
const SCOPE = '@bytecodealliance';
const TOOL = join(ROOT, 'node_modules', SCOPE, 'jco-transpile');
const WORDS_MAX = 4096;

/** Far above what any app of a board needs: the largest sample takes 0.2 s and 30 MiB of wasm memory. */
export interface ToolLimits {
  readonly timeoutMs: number;
  /** Of each wasm memory of the tool, 64 KiB pages. */
  readonly memoryPages: number;
}
const LIMITS: ToolLimits = { timeoutMs: 30_000, memoryPages: 16_384 };

/** A core module that imports casemate:device to a component of the world `app`. Errors: `component-invalid`, `component-tool-died`. */
export function makeComponent(core: Uint8Array, limits: ToolLimits = LIMITS): Promise<Uint8Array> {
  return runTool('componentize', core, limits);
}

/** Errors: `component-invalid`, `component-tool-died`. */
export async function validateComponent(component: Uint8Array, limits: ToolLimits = LIMITS): Promise<void> {
  await runTool('validate', component, limits);
}

async function runTool(job: 'componentize' | 'validate', binary: Uint8Array, limits: ToolLimits): Promise<Uint8Array> {
  const wit = new Uint8Array(readFileSync(WIT));
  const { output, words } = await runChild(
    job,
    concatBytes(new ByteWriter().u32(wit.length).finish(), wit, binary),
    limits,
  );
  const body = output.subarray(1);
  if (output[0] === 1) return body;
  if (output[0] === 0) {
    throw new BuildError('component-invalid', new TextDecoder().decode(body.subarray(0, WORDS_MAX)), {
      fault: 'caller',
    });
  }
  throw died(`it said nothing but: ${words.trim()}`);
}

interface ChildEnd {
  readonly output: Uint8Array;
  /** The beginning of its standard error. */
  readonly words: string;
}

/**
 * What the child's engine allows it: it reads its own sources and the tool's packages, which lie side by side, and nothing else
 * of the checkout, where a state folder with keys may be. It writes no file, starts no process, opens no connection. The tool's
 * WASI shim starts a worker (in the same bounds) as it is loaded.
 */
export function childRights({ memoryPages }: Pick<ToolLimits, 'memoryPages'> = LIMITS): readonly string[] {
  // An installer may link a package to where it keeps it: the engine then asks for both places. Where that is not among its
  // kind, what lies around it is none of the tool's business.
  const scopes = [dirname(TOOL), dirname(realpathSync(TOOL))].filter((folder) => basename(folder) === SCOPE);
  const packages = scopes.flatMap((folder) => readdirSync(folder).map((name) => realpathSync(join(folder, name))));
  const reads = new Set([CHILD, join(ROOT, 'contracts/core'), ...scopes, ...packages]);
  const readable = [...reads].map((place) => `--allow-fs-read=${place}`);
  return ['--permission', '--allow-worker', ...readable, `--wasm-max-mem-pages=${memoryPages}`];
}

function runChild(job: string, input: Uint8Array, limits: ToolLimits): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const { timeoutMs } = limits;
    const child = spawn(process.execPath, [...childRights(limits), CHILD, job], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {},
    });
    const chunks: Uint8Array[] = [];
    let received = 0;
    let words = '';
    let failure: BuildError | undefined;
    const stop = (error: BuildError): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(died(`no answer in ${timeoutMs} ms`)), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > IMAGE_MAX_BYTES) stop(died(`its answer is over ${IMAGE_MAX_BYTES} bytes`));
      else chunks.push(new Uint8Array(chunk));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      words = (words + chunk).slice(0, WORDS_MAX);
    });
    // A child that dies while it is written to shows in its end.
    child.stdin.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' ? undefined : stop(died(error.message)),
    );
    child.on('error', (error) => stop(died(error.message)));
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      if (failure !== undefined) reject(failure);
      else resolve({ output: exitCode === 0 ? concatBytes(...chunks) : new Uint8Array(0), words });
    });
    child.stdin.end(input);
  });
}

function died(why: string): BuildError {
  const hint = 'if the component is your own, report it with the component file';
  return new BuildError('component-tool-died', `the component tool was stopped: ${why}`, { fault: 'peer', hint });
}
