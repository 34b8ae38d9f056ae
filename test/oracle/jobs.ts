// What the oracles can be asked, and what they answer: one JSON line each. Types only.

import type { Value, ValueType } from '../../component/value-types.ts';

export interface OracleParam {
  readonly name: string;
  readonly type: ValueType;
}

/** A function of the host: what it was given is kept, and it answers with `answer`, or what it was given first. */
export interface OracleHostFunction {
  readonly instance: string;
  readonly name: string;
  readonly params: readonly OracleParam[];
  readonly result: ValueType | null;
  readonly answer: 'echo' | { readonly value: Value };
}

export interface OracleHostResource {
  readonly instance: string;
  readonly name: string;
}

export interface OracleCall {
  /** The export's name; of an exported interface its name before it. */
  readonly path: readonly string[];
  readonly args: readonly Value[];
  readonly params: readonly OracleParam[];
  readonly result: ValueType | null;
}

/** A mutable i64 global that a core module imports; whatever else it imports traps. */
export interface CoreGiven {
  readonly module: string;
  readonly name: string;
  readonly global: bigint;
}

export interface RunJob {
  readonly kind: 'run';
  readonly component: Uint8Array;
  readonly hosts: readonly OracleHostFunction[];
  readonly resources: readonly OracleHostResource[];
  readonly calls: readonly OracleCall[];
  /** A new instance for every call, or one for all, as it is after a trap. */
  readonly instances: 'one' | 'each';
}

export interface CoreJob {
  readonly kind: 'core';
  readonly module: Uint8Array;
  readonly given: readonly CoreGiven[];
  readonly call: string;
  readonly args: readonly number[];
  /** The global, imported or exported, whose value is wanted after the call. */
  readonly read: string | null;
}

export interface ValidateJob {
  readonly kind: 'validate';
  readonly binary: Uint8Array;
}

export type OracleJob = ValidateJob | RunJob | CoreJob;

/** What one call came to: its result and what hosts were given during it, or the words of its trap. */
export type OracleOutcome =
  | { readonly value: Value; readonly given: readonly Value[][] }
  | { readonly trap: string; readonly given: readonly Value[][] };

export type OracleAnswer =
  | { readonly kind: 'validated'; readonly invalid: string | null }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'ran'; readonly outcomes: readonly OracleOutcome[]; readonly dropped: readonly number[] }
  | {
      readonly kind: 'core-ran';
      readonly trap: string | null;
      readonly result: string | null;
      readonly global: bigint | null;
    };
