// Runs a program of the checkout once, bytes in and bytes out. Never through a shell, and never without a bound on what comes back.

import { spawn } from 'node:child_process';
import { FactoryError } from './factory-error.ts';

export interface ChildOutput {
  /** `null`: ended by a signal. */
  readonly exitCode: number | null;
  readonly stdout: Uint8Array;
  /** At most the first 64 KiB. */
  readonly stderr: string;
}

const STDERR_MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 120_000;

/** The program on this process's own Node. Errors: `authority-failed` when it cannot be started, says too much or takes too long. */
export function runChild(
  program: string,
  args: readonly string[],
  input: Uint8Array,
  maxOutputBytes: number,
): Promise<ChildOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    const fail = (what: string, cause?: unknown): void => {
      child.kill('SIGKILL');
      reject(new FactoryError('authority-failed', `${program} ${args[0] ?? ''}: ${what}`, { fault: 'world', cause }));
    };
    const timer = setTimeout(() => fail(`no answer in ${TIMEOUT_MS} ms`), TIMEOUT_MS);
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes > maxOutputBytes) fail(`more than ${maxOutputBytes} bytes of output`);
      else stdout.push(chunk);
    });
    child.stderr
      .setEncoding('utf8')
      .on('data', (chunk: string) => (stderr = (stderr + chunk).slice(0, STDERR_MAX_BYTES)));
    // A program that refuses before it has read all closes its input; its exit code tells more than this error.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => error.code === 'EPIPE' || fail(error.message, error));
    child.on('error', (error) => fail(error.message, error));
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, stdout: new Uint8Array(Buffer.concat(stdout)), stderr });
    });
    child.stdin.end(input);
  });
}
