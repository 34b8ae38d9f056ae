// A child process that answers one line for every line: what an oracle runs in, so that its death is one failed answer and nothing else.

import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fromJson, toJson } from './json.ts';

const ANSWER_TIMEOUT_MS = 60_000;
const WORDS_MAX = 2000;

export class ChildDied extends Error {}

export class LineChild<Job, Answer> {
  readonly #command: readonly string[];
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  /** Arguments of the engine that runs this test: its flags, the program, the program's own. */
  constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** The answer; a child that dies over a job is replaced for the next one. Errors: `ChildDied`. */
  ask(job: Job): Promise<Answer> {
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS);
      const settled =
        <T,>(settle: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      this.#waiting.push({ resolve: settled(resolve), reject: settled(reject) });
      child.stdin.write(`${toJson(job)}\n`);
    });
  }

  end(): void {
    this.#child?.stdin.end();
  }

  #start(): ChildProcessByStdio<Writable, Readable, Readable> {
    const child = spawn(process.execPath, this.#command, { stdio: ['pipe', 'pipe', 'pipe'] });
    let words = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(fromJson(line) as Answer);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (words = (words + chunk).slice(0, WORDS_MAX)));
    // A child that dies while it is written to shows in its end.
    child.stdin.on('error', (error) => (words += error.message));
    child.on('close', (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(new ChildDied(`${signal ?? String(code)}: ${words}`));
    });
    return child;
  }
}
