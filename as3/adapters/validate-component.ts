// Looks components over with wasm-tools, each in a process of its own that lives for one of them and has limits. Never in the service's
// process: a panic on one hostile component would spoil every later check in it.

import { spawn } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ComponentCheck } from '../domain/images.ts';
import { ServiceError } from '../domain/service-error.ts';

const CHILD = join(import.meta.dirname, 'validate-component-child.ts');
const SCOPE = '@bytecodealliance';
const TOOL = join(import.meta.dirname, '../../node_modules', SCOPE, 'jco-transpile');
/** The verdict of an invalid component says what is wrong in a few lines. */
const VERDICT_MAX_BYTES = 64 * 1024;
const SHOWN_MAX_CHARACTERS = 500;

/** Far above what any app of a board needs: the largest sample takes 0.2 s and 30 MiB of wasm memory. */
export interface CheckLimits {
  readonly timeoutMs: number;
  /** Of each wasm memory of the tool, 64 KiB pages. */
  readonly memoryPages: number;
  /** Of the process's JavaScript heap. */
  readonly heapMiB: number;
}
const LIMITS: CheckLimits = { timeoutMs: 30_000, memoryPages: 8192, heapMiB: 256 };

/** Checks that wait for their turn; whoever comes after them is told to come again. */
const WAITING_MAX = 16;

/** One check at a time: uploads cannot take the machine's memory together. */
export function componentCheck(limits: CheckLimits = LIMITS): ComponentCheck {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async check(component) {
      if (waiting >= WAITING_MAX) throw notChecked('too many components wait for their check');
      waiting += 1;
      const mine = last.then(() => checkInProcess(component, limits));
      // The next one starts whatever became of this one, whose own caller hears of it.
      last = mine.catch(() => undefined);
      try {
        await mine;
      } finally {
        waiting -= 1;
      }
    },
  };
}

/** Errors: `image-component-invalid`, `component-check-failed`. */
async function checkInProcess(component: Uint8Array, limits: CheckLimits): Promise<void> {
  const verdict = await verdictOf(component, limits);
  if (verdict === 'valid\n') return;
  throw invalid(verdict.replace(/^invalid /, '').slice(0, SHOWN_MAX_CHARACTERS));
}

/**
 * What the child's engine allows it: it reads its own source and the tool's packages, which lie side by side, and nothing else; the
 * state folder with the keys least of all. It writes no file, starts no process, opens no connection. The tool's WASI shim
 * starts a worker (in the same bounds) as it is loaded.
 */
export function checkerRights({ memoryPages, heapMiB }: Pick<CheckLimits, 'memoryPages' | 'heapMiB'> = LIMITS) {
  // An installer may link a package to where it keeps it: the engine then asks for both places.
  const scopes = [dirname(TOOL), dirname(realpathSync(TOOL))].filter((folder) => basename(folder) === SCOPE);
  const packages = scopes.flatMap((folder) => readdirSync(folder).map((name) => realpathSync(join(folder, name))));
  const reads = new Set([CHILD, ...scopes, ...packages]);
  const readable = [...reads].map((place) => `--allow-fs-read=${place}`);
  const bounds = [`--wasm-max-mem-pages=${memoryPages}`, `--max-old-space-size=${heapMiB}`];
  return ['--permission', '--allow-worker', ...readable, ...bounds] as const;
}

function verdictOf(component: Uint8Array, limits: CheckLimits): Promise<string> {
  return new Promise((resolve, reject) => {
    // The environment of the service holds what its operator has set, and is none of the tool's business.
    const child = spawn(process.execPath, [...checkerRights(limits), CHILD], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    });
    let verdict = '';
    let failure: ServiceError | undefined;
    const stop = (error: ServiceError): void => {
      failure ??= error;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(invalid(`it takes more than ${limits.timeoutMs} ms`)), limits.timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      verdict += chunk;
      if (verdict.length > VERDICT_MAX_BYTES) stop(invalid('what is wrong with it fills more than 64 KiB'));
    });
    // A child that dies while it is written to shows in its end.
    child.stdin.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' ? undefined : stop(notChecked(error.message)),
    );
    child.on('error', (error) => stop(notChecked(error.message)));
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      if (failure !== undefined) reject(failure);
      else if (exitCode !== 0 || verdict === '') reject(invalid('the tool that reads it broke down over it'));
      else resolve(verdict);
    });
    child.stdin.end(component);
  });
}

function invalid(why: string): ServiceError {
  return new ServiceError('image-component-invalid', `the component is not valid: ${why}`, { fault: 'caller' });
}

function notChecked(why: string): ServiceError {
  return new ServiceError('component-check-failed', `the component could not be checked: ${why}`, {
    fault: 'world',
    hint: 'try again',
  });
}
