// Runs the command line as a user's shell would and keeps what it printed. Never with the tester's own state folder.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestFn } from 'ava';

export const CHECKOUT = join(import.meta.dirname, '../..');
const MAIN = join(CHECKOUT, 'toolchain/cli/main.ts');
const TIMEOUT_MS = 100_000;

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `casemate ARGS` from the checkout's top, or from `cwd`. */
export async function casemate(
  args: readonly string[],
  { cwd = CHECKOUT }: { readonly cwd?: string } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { exitCode, stdout, stderr };
}

/** The one JSON document on standard output; more than one, or none, is an error. */
export function document(ran: Ran): Record<string, unknown> {
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}

/** JSON Lines on standard output. */
export function lines(ran: Ran): readonly Record<string, unknown>[] {
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A folder that is there for the tests of one file, and for their serial hooks, and gone after them. */
export function sharedFolder(test: TestFn<unknown>): { path(inside?: string): string } {
  let folder = '';
  test.serial.before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'casemate-test-'));
  });
  test.after.always(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return {
    path(inside = '.') {
      if (folder === '') throw new Error('the shared folder is made in a hook: use it in tests and serial hooks alone');
      return join(folder, inside);
    },
  };
}
