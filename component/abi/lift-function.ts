// canon lift: a guest's core function as a component's function. The guest is entered once at a time, and never again after its end.

import type { Later } from '../../contracts/core/later.ts';
import type { FuncType, Value } from '../value-types.ts';
import type { AbiContext, ComponentFunc, FlatValue, LateFunction } from './context.ts';
import { Passage, flatStarts } from './flat.ts';
import { CallScope } from './handles.ts';
import { fieldOffsets, flatSignature, layoutOf } from './layout.ts';
import { sequenceLayout, spendOn } from './load.ts';
import { allocate } from './realloc.ts';

export function liftFunction(
  type: FuncType,
  core: LateFunction,
  context: AbiContext,
  postReturn?: LateFunction,
): ComponentFunc {
  const lifted = new LiftedFunction(type, core, context, postReturn);
  if (context.suspends !== true) return { type, call: (...args) => lifted.call(args) };
  const { instance } = context;
  const enter = (...args: Value[]): Promise<Value> => lifted.enter(args);
  // From another component's glue: its frame lies below, so what need not wait runs on the reserve.
  const call = (...args: Value[]): Later<Value> => (instance.blocks ? enter(...args) : lifted.callAbove(args));
  return {
    type,
    call: call as ComponentFunc['call'],
    get blocks() {
      return instance.blocks;
    },
    whenBlocks: (listener) => instance.whenBlocks(listener),
    enter,
  };
}

interface Glue {
  readonly params: (args: readonly Value[], scope: CallScope) => FlatValue[];
  readonly result: (raw: FlatValue | undefined, scope: CallScope) => Value;
}

class LiftedFunction {
  readonly #type: FuncType;
  readonly #core: LateFunction;
  readonly #context: AbiContext;
  readonly #postReturn: LateFunction | undefined;
  /** Built when first called: a component may export far more functions than are used. */
  #glue: Glue | undefined;
  #promising: ((...flat: FlatValue[]) => Promise<unknown>) | undefined;

  constructor(type: FuncType, core: LateFunction, context: AbiContext, postReturn: LateFunction | undefined) {
    this.#type = type;
    this.#core = core;
    this.#context = context;
    this.#postReturn = postReturn;
  }

  call(args: readonly Value[]): Value {
    const { life } = this.#context;
    this.#shut();
    try {
      const { params, result } = this.#ready();
      const scope = new CallScope(this.#context);
      const flat = params(args, scope);
      return this.#leave(this.#core.callable?.(...flat), scope, result);
    } catch (cause) {
      throw life.end(cause);
    }
  }

  /** As `call`, on the reserve where fuel may suspend. */
  callAbove(args: readonly Value[]): Value {
    const { meter } = this.#context;
    return meter === undefined ? this.call(args) : meter.withReserve(() => this.call(args));
  }

  /** The instance stays shut for as long as the guest is suspended: one stack in one linear memory, never two. */
  async enter(args: readonly Value[]): Promise<Value> {
    const { life } = this.#context;
    this.#shut();
    try {
      const { params, result } = this.#ready();
      const scope = new CallScope(this.#context);
      const flat = params(args, scope);
      this.#promising ??= promising(this.#core);
      return this.#leave((await this.#promising(...flat)) as FlatValue | undefined, scope, result);
    } catch (cause) {
      throw life.end(cause);
    }
  }

  #shut(): void {
    const { instance, life } = this.#context;
    if (!instance.mayEnter) throw life.refusal('cannot-enter');
    instance.mayEnter = false;
  }

  #ready(): Glue {
    this.#glue ??= buildGlue(this.#type, this.#context);
    return this.#glue;
  }

  #leave(raw: FlatValue | undefined, scope: CallScope, result: Glue['result']): Value {
    const { instance, life, meter } = this.#context;
    // A guest that swallowed a trap or an exit with an exception handler returns here as if nothing had been.
    life.checkAlive();
    const value = result(raw, scope);
    scope.checkBorrows();
    const postReturn = this.#postReturn;
    if (postReturn !== undefined) {
      // As in `allocate`: the glue's functions lead out, and out of here no call may go.
      if (postReturn.isGlue === true) throw life.refusal('cannot-leave');
      instance.mayLeave = false;
      const tidy = (): unknown => (raw === undefined ? postReturn.callable?.() : postReturn.callable?.(raw));
      if (meter === undefined) tidy();
      else meter.withReserve(tidy);
      life.checkAlive();
      instance.mayLeave = true;
    }
    instance.mayEnter = true;
    scope.end();
    return value;
  }
}

/** A function of the glue has no stack to suspend: it makes its own promise. */
function promising({ callable, isGlue }: LateFunction): (...flat: FlatValue[]) => Promise<unknown> {
  if (callable === undefined) throw new TypeError('a function was called before its module was instantiated');
  if (isGlue !== true) return WebAssembly.promising(callable);
  return async (...flat) => (callable as (...flat: FlatValue[]) => unknown)(...flat);
}

function buildGlue(type: FuncType, context: AbiContext): Glue {
  const passage = new Passage(context);
  return { params: paramsLower(type, passage), result: resultLift(type, passage) };
}

function paramsLower(type: FuncType, passage: Passage): Glue['params'] {
  const types = type.params.map((param) => param.type);
  if (flatSignature(type, 'lift').spillsParams) {
    const stores = types.map((param) => passage.stores.of(param));
    const offsets = fieldOffsets(types);
    const { size, alignment } = sequenceLayout(types);
    return (args, scope) => {
      const at = allocate(passage.context, alignment, size);
      stores.forEach((store, index) => store(args[index], at + (offsets[index] ?? 0), scope));
      return [at];
    };
  }
  const lowers = types.map((param) => passage.lower(param));
  const starts = flatStarts(types);
  return (args, scope) => {
    const flat: FlatValue[] = [];
    lowers.forEach((lower, index) => lower(args[index], flat, starts[index] ?? 0, scope));
    return flat;
  };
}

function resultLift(type: FuncType, passage: Passage): Glue['result'] {
  const { result } = type;
  if (result === undefined) return () => undefined;
  const spend = spendOn([result]);
  if (!flatSignature(type, 'lift').spillsResult) {
    const lift = passage.lift(result);
    return (raw, scope) => {
      spend(scope);
      return lift([raw ?? 0], 0, scope);
    };
  }
  const load = passage.loads.of(result);
  const { size, alignment } = layoutOf(result);
  return (raw, scope) => {
    const at = passage.context.memory.check(Number(raw ?? 0), alignment, size);
    spend(scope);
    return load(at, scope);
  };
}
