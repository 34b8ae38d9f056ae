// The options of one lifted or lowered function, resolved: whose memory, whose allocator, which strings. Types only, no rule.

import type { StringEncoding } from '../definitions.ts';
import type { FuncType, Value } from '../value-types.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { FuelReserve } from './host-fuel.ts';
import type { InstanceState, Life } from './instance-state.ts';

export type FlatValue = number | bigint;
/** A core function, once it exists. */
export type CoreCallable = (...args: FlatValue[]) => FlatValue | undefined;

/** A core function that is known by its type at first and exists when its module has been instantiated. */
export interface LateFunction {
  callable: CoreCallable | undefined;
  /** What a module imports where that is not the callable: a call of it suspends the module's stack. */
  readonly importable?: WebAssembly.Suspending | undefined;
  /** A function of the glue, not of the engine: nothing can be suspended in it, and it may answer with a promise of its own. */
  readonly isGlue?: true;
}

/** Whether a guest's stack may be suspended (JavaScript Promise Integration). Where it may not, every call answers at once. */
export interface Suspension {
  readonly suspends?: true;
  /** Fuel that is out suspends, too. */
  readonly meter?: FuelReserve;
}

export interface AbiContext extends Suspension {
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
  /** It may answer with a promise: where guests can be suspended, its caller is. Elsewhere it answers at once. */
  readonly blocks?: boolean;
  /** Told once if `blocks` becomes true while the component is still being linked. */
  readonly whenBlocks?: (listener: () => void) => void;
  /** The call from outside, with nothing of the guest below it: may be suspended at any time. Only where guests can be. */
  readonly enter?: (...args: Value[]) => Promise<Value>;
}
