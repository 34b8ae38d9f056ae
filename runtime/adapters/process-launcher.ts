// Starts the OS and the compartments as processes of this host: verified bytes in, nothing else. Never a file, never an environment.

import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex, Readable, Writable } from 'node:stream';
import { CONTEXTS } from '../../contracts/core/chip.ts';
import type { CompartmentLimits, Launcher, OsProcess, ProcessEnd, Program, RunningProcess } from '../hil/launch.ts';
import { byteChannel } from './byte-channel.ts';
import { LaunchFault } from './launch-fault.ts';
import { PipePairs, closeEnds } from './pipe-pairs.ts';

/**
 * JavaScript heap of a process, MiB. It bounds what the runner and the OS allocate, not wasm memory. Node itself takes
 * about 10; a bundle of a few hundred KiB is compiled in it.
 */
const HEAP_MIB = { os: 128, compartment: 64 } as const;
const LAST_WORDS_BYTES = 4096;
const PROGRAM_FROM_STDIN = ['--permission', '--input-type=module', '-'];

/** Descriptors: docs/architecture.md, "Processes of one device". */
export class ProcessLauncher implements Launcher {
  readonly #pipes = new PipePairs(CONTEXTS - 1);
  readonly #children = new Set<ChildProcess>();

  startOs(program: Program): OsProcess {
    const ends = this.#pipes.osEnds();
    const contextDescriptors = ends.flatMap(({ requests, replies }) => [requests, replies]);
    try {
      const stdio = ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', ...contextDescriptors] as const;
      const child = this.#start(program, [`--max-old-space-size=${HEAP_MIB.os}`], stdio);
      return {
        ...runningProcess(child),
        bus: byteChannel(child.stdio[3] as Duplex),
        secureCalls: byteChannel(child.stdio[4] as Duplex),
      };
    } finally {
      for (const end of ends) closeEnds(end);
    }
  }

  startCompartment(program: Program, context: number, image: Uint8Array, limits: CompartmentLimits): RunningProcess {
    const ends = this.#pipes.appEnds(context);
    try {
      const flags = [`--max-old-space-size=${HEAP_MIB.compartment}`, `--wasm-max-mem-pages=${limits.memoryPages}`];
      const child = this.#start(program, flags, ['pipe', 'ignore', 'pipe', 'pipe', ends.requests, ends.replies]);
      endWith(child.stdio[3] as Writable, image);
      return runningProcess(child);
    } finally {
      closeEnds(ends);
    }
  }

  /** Every process that it started ends now. It starts no more. */
  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#pipes.close();
  }

  #start(program: Program, flags: readonly string[], stdio: readonly ('pipe' | 'ignore' | number)[]): ChildProcess {
    const [command, ...args] = [...diesWithParent(), process.execPath, ...flags, ...PROGRAM_FROM_STDIN] as [
      string,
      ...string[],
    ];
    const child = spawn(command, args, { stdio: [...stdio], env: {}, cwd: '/' });
    const failed = new Promise((resolve) => child.once('error', resolve));
    if (child.pid === undefined || child.stdin === null) {
      // The reason arrives later, as an event that somebody has to take.
      void failed;
      throw new LaunchFault('launch-failed', `${program.name} could not be started`, { fault: 'world' });
    }
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    endWith(child.stdin, program.code);
    return child;
  }
}

/** Writes all and closes; a reader that ends before it has read all is told about by its end. */
function endWith(stream: Writable, bytes: Uint8Array): void {
  stream.on('error', () => stream.destroy());
  stream.end(bytes);
}

function runningProcess(child: ChildProcess): RunningProcess {
  const listeners: ((end: ProcessEnd) => void)[] = [];
  let lastWords = Buffer.alloc(0);
  (child.stderr as Readable).on('data', (chunk: Buffer) => {
    lastWords = Buffer.concat([lastWords, chunk]).subarray(-LAST_WORDS_BYTES);
  });
  child.once('close', (exitCode, signal) => {
    const end = { exitCode: exitCode ?? undefined, signal: signal ?? undefined, lastWords: lastWords.toString('utf8') };
    for (const listener of listeners) listener(end);
  });
  return {
    pid: child.pid ?? -1,
    kill: () => void child.kill('SIGKILL'),
    onEnd: (listener) => void listeners.push(listener),
  };
}

const SETPRIV = '/usr/bin/setpriv';
let parentDeathPrefix: readonly string[] | undefined;

/**
 * Where util-linux offers it, the kernel ends a child with its parent, also one that spins and reads nothing. Elsewhere a
 * child ends when it meets its closed descriptors.
 */
function diesWithParent(): readonly string[] {
  parentDeathPrefix ??= isSetprivUsable() ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
  return parentDeathPrefix;
}

function isSetprivUsable(): boolean {
  return (
    existsSync(SETPRIV) &&
    spawnSync(SETPRIV, ['--pdeathsig', 'KILL', '--', '/bin/true'], { stdio: 'ignore' }).status === 0
  );
}
