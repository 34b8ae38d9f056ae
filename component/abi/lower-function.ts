// canon lower: a component's function as a core function that a guest's module can import. Every way out of it that is no result ends the life.

import type { CoreFuncType } from '../core/core-types.ts';
import type { Value } from '../value-types.ts';
import type { Later } from '../../contracts/core/later.ts';
import type { AbiContext, ComponentFunc, CoreCallable, FlatValue, LateFunction } from './context.ts';
import { HOST_FUEL } from './host-fuel.ts';
import { Passage, flatStarts } from './flat.ts';
import { CallScope } from './handles.ts';
import { fieldOffsets, flatSignature, layoutOf } from './layout.ts';
import { sequenceLayout, spendOn } from './load.ts';
import { methodCall } from './method-call.ts';
import { isScalar, liftScalar, lowerScalar } from './scalars.ts';
import type { Scalar, ScalarValue } from './scalars.ts';

export interface LoweredFunc {
  readonly type: CoreFuncType;
  readonly late: LateFunction;
}

export function lowerFunction(func: ComponentFunc, context: AbiContext): LoweredFunc {
  const { core: type } = flatSignature(func.type, 'lower');
  const atOnce = scalarCall(func, context) ?? methodCall(func, context) ?? generalCall(func, context);
  if (context.suspends !== true) return { type, late: { callable: atOnce, isGlue: true } };
  context.instance.wasGiven(func);
  const later = waitingCall(func, context) as CoreCallable;
  // Asked when modules are instantiated: by then it is certain which components wait. What never waits costs no more than elsewhere.
  const late: LateFunction = {
    get callable() {
      return func.blocks === true ? later : atOnce;
    },
    get importable() {
      return func.blocks === true ? new WebAssembly.Suspending(later) : undefined;
    },
    isGlue: true,
  };
  return { type, late };
}

/** Up to four scalars and a scalar back: no array, no scope, no memory. */
function scalarCall(func: ComponentFunc, { instance, life, meter }: AbiContext): CoreCallable | undefined {
  const kinds: Scalar[] = [];
  for (const { type } of func.type.params) {
    if (!isScalar(type)) return undefined;
    kinds.push(type.kind);
  }
  const { result } = func.type;
  if (result !== undefined && !isScalar(result)) return undefined;
  const { call } = func;
  const out = result?.kind;
  const [k0 = 'u32', k1 = 'u32', k2 = 'u32', k3 = 'u32'] = kinds;
  const back = (value: Value): FlatValue | undefined =>
    out === undefined ? undefined : lowerScalar(out, value as ScalarValue);
  switch (kinds.length) {
    case 0:
      return () => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          return back(call());
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 1:
      return (a = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          return back(call(liftScalar(k0, a)));
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 2:
      return (a = 0, b = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          return back(call(liftScalar(k0, a), liftScalar(k1, b)));
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 3:
    case 4: {
      const four = kinds.length === 4;
      return (a = 0, b = 0, c = 0, d = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          const [x, y, z] = [liftScalar(k0, a), liftScalar(k1, b), liftScalar(k2, c)];
          return back(four ? call(x, y, z, liftScalar(k3, d)) : call(x, y, z));
        } catch (cause) {
          throw life.end(cause);
        }
      };
    }
    default:
      return undefined;
  }
}

function generalCall(func: ComponentFunc, context: AbiContext): CoreCallable {
  const { instance, life, meter } = context;
  const { call } = func;
  const glueOf = glueBuilder(func, context);
  return (...flat) => {
    if (!instance.mayLeave) throw life.refusal('cannot-leave');
    meter?.charge(HOST_FUEL.call);
    try {
      const scope = new CallScope(context);
      const { params, result } = glueOf();
      const value = call(...params(flat, scope));
      scope.returnLent();
      const answer = result(value, flat, scope);
      scope.end();
      return answer;
    } catch (cause) {
      throw life.end(cause);
    }
  };
}

/** The guest is suspended until the answer is there. What it lent stays lent, and after the end of its life nothing goes back in. */
function waitingCall(func: ComponentFunc, context: AbiContext): (...flat: FlatValue[]) => Later<FlatValue | undefined> {
  const { instance, life, meter } = context;
  const call: (...args: Value[]) => Later<Value> = func.call;
  const glueOf = glueBuilder(func, context);
  return async (...flat) => {
    if (!instance.mayLeave) throw life.refusal('cannot-leave');
    meter?.charge(HOST_FUEL.waitingCall);
    try {
      const scope = new CallScope(context);
      const { params, result } = glueOf();
      const value = await call(...params(flat, scope));
      life.checkAlive();
      scope.returnLent();
      const answer = result(value, flat, scope);
      scope.end();
      return answer;
    } catch (cause) {
      throw life.end(cause);
    }
  };
}

interface Glue {
  readonly params: (flat: readonly FlatValue[], scope: CallScope) => Value[];
  readonly result: ResultLower;
}

/** Builds when first asked: a component may declare far more functions than it uses. */
function glueBuilder(func: ComponentFunc, context: AbiContext): () => Glue {
  let glue: Glue | undefined;
  return () => {
    if (glue === undefined) {
      const passage = new Passage(context);
      glue = { params: paramsLift(func, passage), result: resultLower(func, passage) };
    }
    return glue;
  };
}

function paramsLift({ type }: ComponentFunc, passage: Passage): Glue['params'] {
  const types = type.params.map((param) => param.type);
  const spend = spendOn(types);
  if (flatSignature(type, 'lower').spillsParams) {
    const loads = types.map((param) => passage.loads.of(param));
    const offsets = fieldOffsets(types);
    const { size, alignment } = sequenceLayout(types);
    return (flat, scope) => {
      const at = passage.context.memory.check(Number(flat[0] ?? 0), alignment, size);
      spend(scope);
      return loads.map((load, index) => load(at + (offsets[index] ?? 0), scope));
    };
  }
  const lifts = types.map((param) => passage.lift(param));
  const starts = flatStarts(types);
  return (flat, scope) => {
    spend(scope);
    return lifts.map((lift, index) => lift(flat, starts[index] ?? 0, scope));
  };
}

type ResultLower = (value: Value, flat: readonly FlatValue[], scope: CallScope) => FlatValue | undefined;

function resultLower({ type }: ComponentFunc, passage: Passage): ResultLower {
  const { result } = type;
  if (result === undefined) return () => undefined;
  const { spillsResult, core } = flatSignature(type, 'lower');
  if (!spillsResult) {
    const lower = passage.lower(result);
    return (value, _flat, scope) => {
      const out: FlatValue[] = [];
      lower(value, out, 0, scope);
      return out[0];
    };
  }
  const store = passage.stores.of(result);
  const { size, alignment } = layoutOf(result);
  const pointerAt = core.params.length - 1;
  return (value, flat, scope) => {
    store(value, passage.context.memory.check(Number(flat[pointerAt] ?? 0), alignment, size), scope);
    return undefined;
  };
}
