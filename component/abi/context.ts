// The options of one lifted or lowered function, resolved: whose memory, whose allocator, which strings. Types only, no rule.

import type { StringEncoding } from '../definitions.ts';
import type { FuncType, Value } from '../value-types.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { InstanceState, Life } from './instance-state.ts';

export type FlatValue = number | bigint;
/** A core function, once it exists. */
export type CoreCallable = (...args: FlatValue[]) => FlatValue | undefined;

/** A core function that is known by its type at first and exists when its module has been instantiated. */
export interface LateFunction {
  callable: CoreCallable | undefined;
}

export interface AbiContext {
  readonly instance: InstanceState;
  readonly life: Life;
  readonly encoding: StringEncoding;
  readonly memory: GuestMemory;
  readonly realloc: LateFunction | undefined;
}

/** A function between components, or between a component and the host. */
export interface ComponentFunc {
  readonly type: FuncType;
  readonly call: (...args: Value[]) => Value;
}
