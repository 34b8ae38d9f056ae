// How verified bytes become running code. Types only. Whoever implements it runs exactly these bytes and no file.

import type { GroupPlacement } from '../../contracts/core/group-frame.ts';

/** Enters the next boot stage in the secure world: evaluates exactly these bytes and calls their default export. */
export type EnterStage = (code: Uint8Array, handover: unknown) => Promise<unknown>;

/** The normal world's one OS process, or an app's compartment. */
export interface Program {
  readonly name: string;
  /** JavaScript module, given on standard input. */
  readonly code: Uint8Array;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The last bytes of its standard error, at most 4 KiB. */
  readonly lastWords: string;
}

/** What a process and all that it started have taken of the host; a figure that this host does not tell is missing. */
export interface ProcessUsage {
  readonly memoryBytes?: number;
  /** The most that `memoryBytes` has been. */
  readonly peakBytes?: number;
  readonly cpuNs?: number;
}

/** A process, or one app of several in a process. */
export interface Running {
  /** Ends it at once and for certain. */
  kill(): void;
  onEnd(listener: (end: ProcessEnd) => void): void;
}

export interface RunningProcess extends Running {
  readonly pid: number;
  /** Now; `undefined` where nothing of this host counts for it. */
  usage(): ProcessUsage | undefined;
}

/** A process in which several apps of one signer run: one that is taken over has the grants of all of them. */
export interface AppGroup extends RunningProcess {
  /** Starts the image in one of the group's contexts; what an earlier app there was still asking is taken away first. Errors: `launch-failed`. */
  startApp(context: number, image: Uint8Array): Running;
}

export interface GroupPlan {
  readonly placement: GroupPlacement;
  /** Contexts whose pipes the process holds from its start to its end. No other process may have one of them meanwhile. */
  readonly contexts: readonly number[];
}

/** A stream of bytes to a process. */
export interface ByteChannel {
  send(bytes: Uint8Array): void;
  onBytes(listener: (bytes: Uint8Array) => void): void;
}

/** A stream of bytes for whoever passes it on unread. Both directions can be made to wait, so that nothing piles up between. */
export interface RelayEnd {
  /** False: it is full, and the next bytes wait until `onRoom` is told. What is sent to an end that is closed is gone. */
  send(bytes: Uint8Array): boolean;
  onRoom(listener: () => void): void;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Nothing more is read from it until `resume`. */
  pause(): void;
  resume(): void;
  /** Once, also when it is closed already. */
  onClosed(listener: () => void): void;
  close(): void;
}

export interface OsProcess extends RunningProcess {
  /** The normal world's bus; the board wires it to the silicon, the monitor leaves it alone. */
  readonly bus: ByteChannel;
  readonly secureCalls: ByteChannel;
  /** The OS's radio; the board wires it to the world, the monitor leaves it alone and nobody in the secure world reads it. */
  readonly radio: RelayEnd;
}

/** Limits that the launcher puts around a compartment. */
export interface CompartmentLimits {
  /** Upper bound of wasm memory in the whole process, in 64 KiB pages (second to the linker's own cap). */
  readonly memoryPages: number;
}

/**
 * Starts every process of the device. Each compartment context has a pair of pipes to the OS that is laid before the OS
 * starts: context n's app is whoever holds pipe n. `startCompartment` empties them first, so that no byte of an earlier
 * app is left.
 */
export interface Launcher {
  startOs(program: Program): OsProcess;
  /** `context` 1 to CONTEXTS - 1; the image's bytes are given on descriptor 3. Errors: `launch-failed`. */
  startCompartment(program: Program, context: number, image: Uint8Array, limits: CompartmentLimits): RunningProcess;
  /** A process for several apps, without one yet; `limits` are those of each. Errors: `launch-failed`. */
  startGroup(program: Program, plan: GroupPlan, limits: CompartmentLimits): AppGroup;
}

export type LaunchFaultCode = 'launch-failed';
