// Starts the OS and the compartments as processes of this host, inside the walls that stand here: verified bytes in, nothing else.
// Never a file, never an environment.

import type { Writable } from 'node:stream';
import { CONTEXTS } from '../../contracts/core/chip.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import type {
  AppGroup,
  CompartmentLimits,
  GroupPlan,
  Launcher,
  OsProcess,
  Program,
  RunningProcess,
} from '../hil/launch.ts';
import type { WallName } from '../hil/walls.ts';
import { byteChannel } from './byte-channel.ts';
import { LaunchedGroup } from './group-launcher.ts';
import { LaunchFault } from './launch-fault.ts';
import { PipePairs, closeEnds } from './pipe-pairs.ts';
import { ProcessGroup } from './process-group.ts';
import { relayEnd } from './relay-end.ts';
import { ControlGroup } from './walls/control-groups.ts';
import type { GroupLimits } from './walls/control-groups.ts';
import type { HostWalls } from './walls/host-walls.ts';
import { hostWalls } from './walls/host-walls.ts';
import { LOWERED_FOR_WORKERS } from './walls/wall-facts.ts';
import { userOf, walledCommand } from './walls/walled-command.ts';

/**
 * JavaScript heap of a process, MiB. It bounds what the runner and the OS allocate, not wasm memory. Node itself takes
 * about 10; a bundle of a few hundred KiB is compiled in it.
 */
const HEAP_MIB = { os: 128, compartment: 64 } as const;
/**
 * What a compartment's process may take beside the app's wasm memory, MiB: the engine's heap and code, and the image while it is
 * read and compiled. Its control group holds that and the app's memory.
 */
const RUNNER_MIB = 256;
/** What the OS may take: its heap, what it keeps for seven apps outside of it, and an image on its way to the monitor many times over. */
const OS_MIB = 768;
/** Node has about a dozen threads. */
const TASKS = 64;
/** No app takes more than one processor, with however many threads. */
const CPU_PERCENT = 100;
const MIB = 1024 * 1024;
/** The seat of the OS among the processes of a device; a compartment's is its context. */
const OS_SEAT = 0;

/**
 * Without the trap handler each wasm memory takes the address space of its maximum instead of 8 GiB, at no measurable cost, and
 * a list of system calls needs no room for the handler of a fault.
 */
const COMPARTMENT_FLAGS = ['--disable-wasm-trap-handler', `--max-old-space-size=${HEAP_MIB.compartment}`];

/**
 * Descriptors: docs/architecture.md, "Processes of one device". One launcher is one boot: a monitor that runs on after its
 * reset holds a closed one, and gets nothing from it.
 */
export class ProcessLauncher implements Launcher {
  readonly #pipes = new PipePairs(CONTEXTS - 1);
  readonly #running = new Set<ProcessGroup>();
  readonly #walls: HostWalls;
  readonly #required: readonly WallName[];
  #isClosed = false;

  /**
   * `walls`: those that stand on this host unless a test or a measurement wants fewer. `required`: without one of these it starts
   * nothing; a wall that merely does not stand is no reason.
   */
  constructor(walls: HostWalls = hostWalls(), required: readonly WallName[] = []) {
    this.#walls = walls;
    this.#required = required;
  }

  startOs(program: Program): OsProcess {
    this.#refuseWhenItMustNot();
    const ends = this.#pipes.osEnds();
    const contextDescriptors = ends.flatMap(({ requests, replies }) => [requests, replies]);
    try {
      const stdio = ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', ...contextDescriptors, 'pipe'] as const;
      const group = this.#start(program, OS_SEAT, [`--max-old-space-size=${HEAP_MIB.os}`], stdio, {
        memoryBytes: OS_MIB * MIB,
        tasks: TASKS,
      });
      return {
        pid: group.pid,
        usage: () => group.usage(),
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
    this.#refuseWhenItMustNot();
    const ends = this.#pipes.appEnds(context);
    try {
      const { memoryPages } = limits;
      const flags = [...COMPARTMENT_FLAGS, `--wasm-max-mem-pages=${memoryPages}`];
      const stdio = ['pipe', 'ignore', 'pipe', 'pipe', ends.requests, ends.replies] as const;
      const memoryBytes = RUNNER_MIB * MIB + memoryPages * WASM_PAGE_BYTES;
      const group = this.#start(program, context, flags, stdio, { memoryBytes, cpuPercent: CPU_PERCENT, tasks: TASKS });
      endWith(group.stream(3), image);
      return group;
    } finally {
      closeEnds(ends);
    }
  }

  startGroup(program: Program, plan: GroupPlan, limits: CompartmentLimits): AppGroup {
    const { contexts, placement } = plan;
    const lowered = placement === 'worker' ? LOWERED_FOR_WORKERS : [];
    this.#refuseWhenItMustNot(lowered);
    const ends = contexts.map((context) => this.#pipes.appEnds(context));
    try {
      const workers = placement === 'worker' ? ['--allow-worker'] : [];
      const flags = [...COMPARTMENT_FLAGS, ...workers, `--wasm-max-mem-pages=${limits.memoryPages}`];
      const pipes = ends.flatMap(({ requests, replies }) => [requests, replies]);
      const memoryBytes = contexts.length * (RUNNER_MIB * MIB + limits.memoryPages * WASM_PAGE_BYTES);
      const bounds = { memoryBytes, cpuPercent: CPU_PERCENT, tasks: TASKS };
      const stdio = ['pipe', 'ignore', 'pipe', 'pipe', ...pipes] as const;
      const process = this.#start(program, contexts[0] ?? 0, flags, stdio, bounds, lowered);
      return new LaunchedGroup(process, program, plan, (context) => this.#pipes.emptyRequests(context));
    } finally {
      for (const end of ends) closeEnds(end);
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
  #refuseWhenItMustNot(lowered: readonly WallName[] = []): void {
    if (this.#isClosed) throw new LaunchFault('launch-failed', 'this boot is over', { fault: 'caller' });
    const needed = lowered.find((wall) => this.#required.includes(wall));
    if (needed !== undefined)
      throw new LaunchFault('launch-failed', `this board requires ${needed}, which never stands around such a process`);
    const missing = this.#walls.reports.filter(({ name, stands }) => !stands && this.#required.includes(name));
    if (missing.length > 0) {
      const list = missing.map(({ name, reason, remedy }) => `${name} (${reason}; ${remedy})`).join(', ');
      throw new LaunchFault('launch-failed', `this board requires walls that do not stand here: ${list}`, {
        fault: 'world',
      });
    }
  }

  #start(
    program: Program,
    seat: number,
    engine: readonly string[],
    stdio: readonly ('pipe' | 'ignore' | number)[],
    limits: GroupLimits,
    lowered: readonly WallName[] = [],
  ): ProcessGroup {
    const { groups } = this.#walls;
    const walls = new Set([...this.#walls.standing].filter((wall) => !lowered.includes(wall)));
    const command = walledCommand({
      walls,
      engine,
      userId: userOf(process.pid, seat),
      descriptors: stdio.length,
    });
    const group = new ProcessGroup(command, stdio, controlGroup(groups, limits));
    this.#running.add(group);
    group.onEnd(() => this.#running.delete(group));
    endWith(group.stream(0), program.code);
    return group;
  }
}

/** Errors: `launch-failed`: a wall that stood when the host was asked does not stand now. */
function controlGroup(places: HostWalls['groups'], limits: GroupLimits): ControlGroup | undefined {
  if (Object.keys(places).length === 0) return undefined;
  try {
    return new ControlGroup(places, limits);
  } catch (cause) {
    throw new LaunchFault('launch-failed', 'a control group could not be made', { fault: 'world', cause });
  }
}

/** Writes all and closes; a reader that ends before it has read all is told about by its end. */
function endWith(stream: Writable, bytes: Uint8Array): void {
  stream.on('error', () => stream.destroy());
  stream.end(bytes);
}
