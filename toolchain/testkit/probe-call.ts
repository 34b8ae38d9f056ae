// One call that the kit tries, with what must come of it. Data only: it says nothing of how a guest or a device makes it.

import type { Grants } from '../../contracts/core/grants.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { AppErrorCode, AppFunction } from '../../contracts/wire/app-call.ts';
import { APP_ERROR_CODES } from '../../contracts/wire/app-call.ts';
import type { WasiAct } from './wasi-act.ts';

/** A handle by the name of the step that opened it, e.g. `$pin`; a number stands for itself. */
export type Argument = number | bigint | string | Uint8Array | readonly (string | number)[];

/** A call of the broker with its arguments under the names of app-call.ts. */
export interface ProbeRequest {
  readonly function: AppFunction;
  readonly [argument: string]: Argument;
}

export interface ProbeStep {
  readonly request: ProbeRequest;
  /** Keeps the handle that it answers under this name (`$pin`). */
  readonly as?: string;
}

/**
 * Who stopped a call. `monitor`: as the image was installed; `linker`: what it does not give an instance; `stub`: a host function inside
 * the compartment; then from the inside out.
 */
export type Layer = 'monitor' | 'linker' | 'stub' | 'broker' | 'driver' | 'firewall';

/** What WASI says and the broker does not, and a folder that is not among the open ones. */
export const PROBE_ERRORS = [...APP_ERROR_CODES, 'not-permitted', 'read-only', 'no-folder'] as const;
export type ProbeError = AppErrorCode | 'not-permitted' | 'read-only' | 'no-folder';

/** One place in the product that says no. A mutant takes exactly one of them away. */
export type CheckName =
  | `monitor:${string}`
  | `link:${string}`
  | `grant:${AppFunction}`
  | `handle:${AppFunction}`
  | `owner:${string}`
  | `limit:${string}`
  | `range:${string}`
  | `path:${string}`
  | `quota:${string}`
  | `read-only:${string}`
  | `folder:${string}`
  /** A dependency's part of the grants. */
  | `part:${string}`
  | `firewall:${string}`;

/** The refusal that a call must meet. */
export interface Stop {
  readonly error: ProbeError;
  readonly layer: Layer;
  readonly check: CheckName;
}

/** What stands on the device while the call is made. `neighbour`: another app that holds pins and handles of its own. */
export type Scene = 'alone' | 'neighbour';

export interface ProbeCall {
  readonly function: AppFunction;
  /** For people and for the matrix, e.g. `gpio:9`. */
  readonly resource: string;
  /** Whether the manifest grants the resource. */
  readonly granted: boolean;
  readonly scene: Scene;
  /** `runner`: only a runner that was taken over can say it, the canonical ABI has no words for it. `wasi`: a guest says it as `wasi`. */
  readonly sayable: 'guest' | 'runner' | 'wasi';
  /** Must all succeed. */
  readonly before: readonly ProbeStep[];
  /** Of a WASI call the broker's function that decides. */
  readonly call: ProbeRequest;
  readonly wasi?: WasiAct;
  /** How often the call is made; all but the last must succeed. Default 1. */
  readonly times?: number;
  /** Absent: the call must succeed. */
  readonly stop?: Stop;
  /** What must stop it when the broker's grant check is open. Absent: nothing stands behind the broker, so it is not tried. */
  readonly behind?: Stop;
}

/** What recipes are asked about. */
export interface Subject {
  readonly grants: Grants;
  readonly neighbour: Neighbour;
}

/** The other app: it holds `heldPins`. The manifest under test grants none of them: no two apps of a device are granted one pin. */
export interface Neighbour {
  readonly componentId: ComponentId;
  readonly heldPins: readonly number[];
}

/** All calls of one function for a manifest. */
export type Recipe = (subject: Subject) => readonly ProbeCall[];
