// Runs a fuzz target in a process of its own for a while and says what came of it. A process that dies or falls silent is a finding like
// one that throws; it must never be taken for a run that found nothing.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Progress } from './child.ts';

const CHILD = join(import.meta.dirname, 'child.ts');
/** Silence for so long is a hang, on a busy machine too: making ready takes seconds, a case at most two. */
const SILENCE_MS = 90_000;

export interface FuzzResult {
  readonly cases: number;
  /** How cases ended, in the target's words. */
  readonly tally: Readonly<Record<string, number>>;
  /** Empty: nothing was found. */
  readonly finding: string;
}

export function runFuzz(name: string, seed: number, forMs: number): Promise<FuzzResult> {
  return new Promise((resolve) => {
    const child = fork(CHILD, [name, String(seed), String(forMs)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let last: Progress = { next: seed, cases: 0, tally: {} };
    let finding = '';
    let words = '';
    const hung = (): void => {
      finding = `${name} hangs after case ${last.next}`;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(hung, SILENCE_MS);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (words = (words + chunk).slice(0, 4000)));
    child.on('message', (message: Progress) => {
      clearTimeout(timer);
      timer = setTimeout(hung, SILENCE_MS);
      if (message.next >= 0) last = message;
      else last = { ...message, next: last.next };
      if (message.finding !== undefined) finding = `${name} --seed ${message.finding.number}: ${message.finding.what}`;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (finding === '' && code !== 0)
        finding = `${name} died with ${signal ?? String(code)} after case ${last.next}: ${words}`;
      resolve({ cases: last.cases, tally: last.tally, finding });
    });
  });
}
