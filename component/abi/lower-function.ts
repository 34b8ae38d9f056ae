// canon lower: a component's function as a core function that a guest's module can import. Every way out of it that is no result ends the life.

import type { CoreFuncType } from '../core/core-types.ts';
import type { Value } from '../value-types.ts';
import type { AbiContext, ComponentFunc, CoreCallable, FlatValue } from './context.ts';
import { Passage, flatStarts } from './flat.ts';
import { CallScope } from './handles.ts';
import { fieldOffsets, flatSignature, layoutOf } from './layout.ts';
import { sequenceLayout } from './load.ts';
import { isScalar, liftScalar, lowerScalar } from './scalars.ts';
import type { Scalar, ScalarValue } from './scalars.ts';

export interface LoweredFunc {
  readonly type: CoreFuncType;
  readonly callable: CoreCallable;
}

export function lowerFunction(func: ComponentFunc, context: AbiContext): LoweredFunc {
  const { core } = flatSignature(func.type, 'lower');
  return { type: core, callable: scalarCall(func, context) ?? generalCall(func, context) };
}

/** Up to four scalars and a scalar back: no array, no scope, no memory. */
function scalarCall(func: ComponentFunc, { instance, life }: AbiContext): CoreCallable | undefined {
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
        try {
          return back(call());
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 1:
      return (a = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        try {
          return back(call(liftScalar(k0, a)));
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 2:
      return (a = 0, b = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
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
  const { instance, life } = context;
  const { call } = func;
  // Built when first called: a component may declare far more functions than it uses.
  let params: ReturnType<typeof paramsLift> | undefined;
  let result: ResultLower | undefined;
  const build = (): [ReturnType<typeof paramsLift>, ResultLower] => {
    const passage = new Passage(context);
    return [paramsLift(func, passage), resultLower(func, passage)];
  };
  return (...flat) => {
    if (!instance.mayLeave) throw life.refusal('cannot-leave');
    try {
      const scope = new CallScope();
      if (params === undefined || result === undefined) [params, result] = build();
      const value = call(...params(flat, scope));
      scope.returnLent();
      return result(value, flat, scope);
    } catch (cause) {
      throw life.end(cause);
    }
  };
}

function paramsLift(
  { type }: ComponentFunc,
  passage: Passage,
): (flat: readonly FlatValue[], scope: CallScope) => Value[] {
  const types = type.params.map((param) => param.type);
  if (flatSignature(type, 'lower').spillsParams) {
    const loads = types.map((param) => passage.loads.of(param));
    const offsets = fieldOffsets(types);
    const { size, alignment } = sequenceLayout(types);
    return (flat, scope) => {
      const at = passage.context.memory.check(Number(flat[0] ?? 0), alignment, size);
      return loads.map((load, index) => load(at + (offsets[index] ?? 0), scope));
    };
  }
  const lifts = types.map((param) => passage.lift(param));
  const starts = flatStarts(types);
  return (flat, scope) => lifts.map((lift, index) => lift(flat, starts[index] ?? 0, scope));
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
