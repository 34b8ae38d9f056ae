// Runs AVA on the tests and hands its output on. It must never hide a line about a failure.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../check/tree.ts';
import { AvaOutput } from './ava-output.ts';
import type { Tally } from './ava-output.ts';

const AVA = join(ROOT, 'node_modules/ava/entrypoints/cli.js');

/** Runs AVA with `args` (files or options of its own); `quiet` leaves the tests that pass unnamed. */
export async function runAva(args: readonly string[], { quiet }: { quiet: boolean }): Promise<Tally> {
  const env = { ...process.env, FORCE_COLOR: '0' };
  const child = spawn(process.execPath, [AVA, ...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? 1));
  });
  const output = new AvaOutput();
  for await (const line of createInterface({ input: child.stdout })) {
    const isPass = output.take(line);
    if (!isPass || !quiet) console.log(line);
  }
  return output.end(await exited);
}
