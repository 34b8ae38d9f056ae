// Everything that the chip offers to the code that its ROM starts. Types only.

import type { GroupPlacement } from '../../contracts/core/group-frame.ts';
import type { MeasuredStage } from '../../contracts/core/measurement.ts';
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import type { MonotonicCounter } from './counter.ts';
import type { CryptoBlock } from './crypto.ts';
import type { Firewall } from './firewall.ts';
import type { Flash } from './flash.ts';
import type { Fuses } from './fuses.ts';
import type { EnterStage, Launcher } from './launch.ts';

export interface Chip {
  readonly flash: Flash;
  readonly fuses: Fuses;
  readonly counter: MonotonicCounter;
  readonly crypto: CryptoBlock;
  readonly firewall: Firewall;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** What the board's maker fixed, as strapping pins do. */
export interface BoardStraps {
  readonly board: string;
  /** The most memory that one app may be granted, bytes. */
  readonly appMemoryLimitBytes: number;
  /** Whether apps of one signer may share a process. Absent: every app has one of its own. */
  readonly groups?: GroupStraps;
}

export interface GroupStraps {
  readonly placement: GroupPlacement;
  /** How many apps at the most; as many contexts are kept for them. */
  readonly contexts: number;
  /** An app that is taken over then has the grants of all that share its process. Without this nothing is put together. */
  readonly acceptsUnionOfGrants: boolean;
}

/** One step of the boot for whoever watches: bytes were measured and will run, or the boot stopped, with a code. */
export type BootStep =
  | { readonly ok: true; readonly stage: MeasuredStage; readonly digest: Uint8Array }
  | { readonly ok: false; readonly stage: MeasuredStage; readonly code: string; readonly detail: string };

export interface ResetCause {
  readonly why: 'requested' | 'os-ended' | 'secure-call-framing' | 'bus-framing';
  readonly detail: string;
}

/** What the secure world runs on: the chip, and the two ways in which verified bytes become running code. */
export interface Machine {
  readonly chip: Chip;
  readonly enterStage: EnterStage;
  readonly launcher: Launcher;
  /** Resets the whole device: every process ends, the boot starts over. `cause` is for the boot console. */
  reset(cause: ResetCause): void;
  readonly straps: BoardStraps;
  /** A step on the boot console; what becomes of it is the board's business. */
  trace(step: BootStep): void;
}
