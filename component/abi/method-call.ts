// canon lower of a method of the host: a borrowed handle first, then scalars. The commonest call of a device app, without a scope or a list
// of what it lends; it must never differ from the general way in anything but time.

import type { Value, ValueType } from '../value-types.ts';
import type { AbiContext, ComponentFunc, CoreCallable, FlatValue } from './context.ts';
import { HOST_FUEL } from './host-fuel.ts';
import type { FlatLower } from './flat.ts';
import { Passage } from './flat.ts';
import { CallScope } from './handles.ts';
import { flatSignature, layoutOf } from './layout.ts';
import { isScalar, liftScalar, lowerScalar } from './scalars.ts';
import type { Scalar, ScalarValue } from './scalars.ts';
import type { Store } from './store.ts';
import { Stores } from './store.ts';

/** `undefined` for any other shape. */
export function methodCall(func: ComponentFunc, context: AbiContext): CoreCallable | undefined {
  const { instance, life, meter } = context;
  const [receiver, ...rest] = func.type.params;
  if (receiver?.type.kind !== 'borrow' || rest.length > 3) return undefined;
  const kinds: Scalar[] = [];
  for (const { type } of rest) {
    if (!isScalar(type)) return undefined;
    kinds.push(type.kind);
  }
  const { resource } = receiver.type;
  const { call } = func;
  const finish = resultOf(func, context);
  const [k0 = 'u32', k1 = 'u32', k2 = 'u32'] = kinds;
  // A handle is lent while the host has it, so that it cannot be dropped by whatever the host calls meanwhile.
  switch (kinds.length) {
    case 0:
      return (handle = 0, at = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          const lent = instance.handles.get(Number(handle), resource);
          lent.lends++;
          const value = call(lent.rep);
          lent.lends--;
          return finish(value, at);
        } catch (cause) {
          throw life.end(cause);
        }
      };
    case 1:
      return (handle = 0, a = 0, at = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          const lent = instance.handles.get(Number(handle), resource);
          lent.lends++;
          const value = call(lent.rep, liftScalar(k0, a));
          lent.lends--;
          return finish(value, at);
        } catch (cause) {
          throw life.end(cause);
        }
      };
    default: {
      const three = kinds.length === 3;
      return (handle = 0, a = 0, b = 0, c = 0, d = 0) => {
        if (!instance.mayLeave) throw life.refusal('cannot-leave');
        meter?.charge(HOST_FUEL.call);
        try {
          const lent = instance.handles.get(Number(handle), resource);
          lent.lends++;
          const [x, y] = [liftScalar(k0, a), liftScalar(k1, b)];
          const value = three ? call(lent.rep, x, y, liftScalar(k2, c)) : call(lent.rep, x, y);
          lent.lends--;
          return finish(value, three ? d : c);
        } catch (cause) {
          throw life.end(cause);
        }
      };
    }
  }
}

/** What becomes of the result: `at` is where the guest wants it when it does not fit a core value. */
function resultOf(
  { type }: ComponentFunc,
  context: AbiContext,
): (value: Value, at: FlatValue) => FlatValue | undefined {
  const { result } = type;
  if (result === undefined) return () => undefined;
  if (isScalar(result)) {
    const { kind } = result;
    return (value) => lowerScalar(kind, value as ScalarValue);
  }
  return flatSignature(type, 'lower').spillsResult ? stored(result, context) : oneWord(result, context);
}

/** Nothing that is lowered as a result borrows: function types that would are refused. */
const NO_BORROWS = new CallScope({ life: { liftedBytes: 0 } });

type Finish = ReturnType<typeof resultOf>;

/** Built when first called, as all glue is: a component may declare far more functions than it uses. */
function stored(result: ValueType, context: AbiContext): Finish {
  const { size, alignment } = layoutOf(result);
  let store: Store | undefined;
  return (value, at) => {
    store ??= new Stores(context).of(result);
    store(value, context.memory.check(Number(at), alignment, size), NO_BORROWS);
    return undefined;
  };
}

function oneWord(result: ValueType, context: AbiContext): Finish {
  let lower: FlatLower | undefined;
  return (value) => {
    lower ??= new Passage(context).lower(result);
    const out: FlatValue[] = [];
    lower(value, out, 0, NO_BORROWS);
    return out[0];
  };
}
