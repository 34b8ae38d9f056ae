// Starts the OS and the compartments as processes of this host: verified bytes in, nothing else. Never a file, never an environment.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { CONTEXTS } from '../../contracts/core/chip.ts';
import type { CompartmentLimits, Launcher, OsProcess, Program, RunningProcess } from '../hil/launch.ts';
import { byteChannel } from './byte-channel.ts';
import { LaunchFault } from './launch-fault.ts';
import { PipePairs, closeEnds } from './pipe-pairs.ts';
import { ProcessGroup } from './process-group.ts';
import { relayEnd } from './relay-end.ts';

/**
 * JavaScript heap of a process, MiB. It bounds what the runner and the OS allocate, not wasm memory. Node itself takes
 * about 10; a bundle of a few hundred KiB is compiled in it.
 */
const HEAP_MIB = { os: 128, compartment: 64 } as const;
const PROGRAM_FROM_STDIN = ['--permission', '--input-type=module', '-'];

/**
 * Descriptors: docs/architecture.md, "Processes of one device". One launcher is one boot: a monitor that runs on after its
 * reset holds a closed one, and gets nothing from it.
 */
export class ProcessLauncher implements Launcher {
  readonly #pipes = new PipePairs(CONTEXTS - 1);
  readonly #running = new Set<ProcessGroup>();
  #isClosed = false;

  startOs(program: Program): OsProcess {
    this.#refuseWhenClosed();
    const ends = this.#pipes.osEnds();
    const contextDescriptors = ends.flatMap(({ requests, replies }) => [requests, replies]);
    try {
      const stdio = ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', ...contextDescriptors, 'pipe'] as const;
      const group = this.#start(program, [`--max-old-space-size=${HEAP_MIB.os}`], stdio);
      return {
        pid: group.pid,
        kill: () => group.kill(),
        onEnd: (listener) => group.onEnd(listener),
        bus: byteChannel(group.stream(3)),
        secureCalls: byteChannel(group.stream(4)),
        radio: relayEnd(group.stream(stdio.length - 1)),
      };
    } finally {
      for (const end of ends) closeEnds(end);
    }
  }

  startCompartment(program: Program, context: number, image: Uint8Array, limits: CompartmentLimits): RunningProcess {
    this.#refuseWhenClosed();
    const ends = this.#pipes.appEnds(context);
    try {
      const flags = [`--max-old-space-size=${HEAP_MIB.compartment}`, `--wasm-max-mem-pages=${limits.memoryPages}`];
      const group = this.#start(program, flags, ['pipe', 'ignore', 'pipe', 'pipe', ends.requests, ends.replies]);
      endWith(group.stream(3), image);
      return group;
    } finally {
      closeEnds(ends);
    }
  }

  /**
   * Every process that it started ends now; nothing that they sent is delivered any more, nor their end told. From now on
   * it starts none: `launch-failed`. May be called twice.
   */
  close(): void {
    this.#isClosed = true;
    for (const group of this.#running) group.cut();
    this.#running.clear();
    this.#pipes.close();
  }

  /** Before any pipe is touched: the numbers of closed descriptors may by now be those of the next boot's pipes. */
  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new LaunchFault('launch-failed', 'this boot is over', { fault: 'caller' });
  }

  #start(program: Program, flags: readonly string[], stdio: readonly ('pipe' | 'ignore' | number)[]): ProcessGroup {
    const group = new ProcessGroup([...diesWithParent(), process.execPath, ...flags, ...PROGRAM_FROM_STDIN], stdio);
    this.#running.add(group);
    group.onEnd(() => this.#running.delete(group));
    endWith(group.stream(0), program.code);
    return group;
  }
}

/** Writes all and closes; a reader that ends before it has read all is told about by its end. */
function endWith(stream: Writable, bytes: Uint8Array): void {
  stream.on('error', () => stream.destroy());
  stream.end(bytes);
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
