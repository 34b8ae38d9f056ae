// One process of the device, with all that it may start itself, as a process group of this host. Never waits for a child of it
// before it tells its end.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setImmediate as nextRound, setTimeout as sleep } from 'node:timers/promises';
import type { ProcessEnd, RunningProcess } from '../hil/launch.ts';
import { LaunchFault } from './launch-fault.ts';

const LAST_WORDS_BYTES = 4096;
/** How long after its end the last words may still arrive, ms: a child that inherited the pipe could hold it open for ever. */
const LAST_WORDS_MS = 50;

/**
 * A taken-over process can fork. Its children are in its group and are killed with it, and when it ends by itself; one that
 * makes a session of its own (setsid) leaves the group and is out of reach here: only walls of the host hold that one.
 */
export class ProcessGroup implements RunningProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #listeners: ((end: ProcessEnd) => void)[] = [];
  #lastWords: Buffer = Buffer.alloc(0);
  #hasExited = false;
  #isCut = false;

  /** Starts it, without an environment. Descriptor 2 must be a 'pipe': the last words. Errors: `launch-failed`. */
  constructor(command: readonly string[], stdio: readonly ('pipe' | 'ignore' | number)[]) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, { stdio: [...stdio], env: {}, cwd: '/', detached: true });
    // Why it could not be started arrives later, as an event that somebody has to take.
    this.#child.on('error', () => undefined);
    if (this.#child.pid === undefined) {
      throw new LaunchFault('launch-failed', `${program} could not be started`, { fault: 'world' });
    }
    this.pid = this.#child.pid;
    this.stream(2).on('data', (chunk: Buffer) => {
      this.#lastWords = Buffer.concat([this.#lastWords, chunk]).subarray(-LAST_WORDS_BYTES);
    });
    this.#child.once('exit', (exitCode, signal) => void this.#exited(exitCode, signal));
  }

  /** Our end of a descriptor that was started as a 'pipe'. */
  stream(descriptor: number): Duplex {
    return this.#child.stdio[descriptor] as Duplex;
  }

  kill(): void {
    // Afterwards the number may be another's.
    if (!this.#hasExited) killGroup(this.pid);
  }

  onEnd(listener: (end: ProcessEnd) => void): void {
    this.#listeners.push(listener);
  }

  /** Kills it and closes our ends: no byte of it is delivered any more, and its end is told to nobody. */
  cut(): void {
    this.#isCut = true;
    this.kill();
    this.#closeStreams();
  }

  async #exited(exitCode: number | null, signal: string | null): Promise<void> {
    this.kill();
    this.#hasExited = true;
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    await Promise.race([closed, sleep(LAST_WORDS_MS)]);
    // On a busy host the time is over before anything was read: what lies in the pipe is read in this round.
    await nextRound();
    this.#closeStreams();
    if (this.#isCut) return;
    const lastWords = this.#lastWords.toString('utf8');
    for (const listener of this.#listeners) {
      listener({ exitCode: exitCode ?? undefined, signal: signal ?? undefined, lastWords });
    }
  }

  #closeStreams(): void {
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Nobody is left in it, or (macOS says EPERM) nobody who is not dead already.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
