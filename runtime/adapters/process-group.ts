// One process of the device, with all that it may start itself, as a process group of this host. Never waits for a child of it
// before it tells its end.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setImmediate as nextRound, setTimeout as sleep } from 'node:timers/promises';
import type { ProcessEnd, ProcessUsage, RunningProcess } from '../hil/launch.ts';
import { LaunchFault } from './launch-fault.ts';
import type { ControlGroup } from './walls/control-groups.ts';

const LAST_WORDS_BYTES = 4096;
/** How long after its end the last words may still arrive, ms: a child that inherited the pipe could hold it open for ever. */
const LAST_WORDS_MS = 50;

/** A control group is free only when the kernel has forgotten the last process in it, a moment after its end. */
const REMOVAL = { tries: 20, everyMs: 10 } as const;

/**
 * A taken-over process can fork. Its children are in its process group and are killed with it, and when it ends by itself; one
 * that makes a session of its own (setsid) leaves that group, and only walls of the host hold it: the control group, from which
 * nothing leaves, and a process-id namespace, which ends with its first process.
 */
export class ProcessGroup implements RunningProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #listeners: ((end: ProcessEnd) => void)[] = [];
  #lastWords: Buffer = Buffer.alloc(0);
  #hasExited = false;
  #isCut = false;
  readonly #controlGroup: ControlGroup | undefined;

  /**
   * Starts it, without an environment, and puts it into the control group, which it takes over. Descriptor 2 must be a 'pipe': the
   * last words. Errors: `launch-failed`.
   */
  constructor(command: readonly string[], stdio: readonly ('pipe' | 'ignore' | number)[], controlGroup?: ControlGroup) {
    const [program = '', ...args] = command;
    this.#controlGroup = controlGroup;
    this.#child = spawn(program, args, { stdio: [...stdio], env: {}, cwd: '/', detached: true });
    // Why it could not be started arrives later, as an event that somebody has to take.
    this.#child.on('error', () => undefined);
    if (this.#child.pid === undefined) {
      controlGroup?.remove();
      throw new LaunchFault('launch-failed', `${program} could not be started`, { fault: 'world' });
    }
    this.pid = this.#child.pid;
    this.stream(2).on('data', (chunk: Buffer) => {
      this.#lastWords = Buffer.concat([this.#lastWords, chunk]).subarray(-LAST_WORDS_BYTES);
    });
    this.#child.once('exit', (exitCode, signal) => void this.#exited(exitCode, signal));
    this.#enterControlGroup();
  }

  /** Before the program is written to it: whatever it starts later is in the group from its first instruction on. */
  #enterControlGroup(): void {
    try {
      this.#controlGroup?.place(this.pid);
    } catch (cause) {
      // Outside its walls it must not run; if it has ended already, that is told as its end.
      this.kill();
      if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw new LaunchFault('launch-failed', 'the control group does not take the process', { fault: 'world', cause });
    }
  }

  /** Our end of a descriptor that was started as a 'pipe'. */
  stream(descriptor: number): Duplex {
    return this.#child.stdio[descriptor] as Duplex;
  }

  kill(): void {
    // Afterwards the number may be another's.
    if (!this.#hasExited) killGroup(this.pid);
    this.#controlGroup?.kill();
  }

  usage(): ProcessUsage | undefined {
    return this.#controlGroup?.usage();
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
    void this.#removeControlGroup();
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

  /** What is left after the last try goes when the next device of this host is powered on. */
  async #removeControlGroup(): Promise<void> {
    for (let tries = 0; tries < REMOVAL.tries && this.#controlGroup?.remove() === false; tries += 1) {
      await sleep(REMOVAL.everyMs, undefined, { ref: false });
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
