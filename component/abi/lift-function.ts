// canon lift: a guest's core function as a component's function. The guest is entered once at a time, and never again after its end.

import type { FuncType, Value } from '../value-types.ts';
import type { AbiContext, ComponentFunc, FlatValue, LateFunction } from './context.ts';
import { Passage, flatStarts } from './flat.ts';
import { CallScope } from './handles.ts';
import { fieldOffsets, flatSignature, layoutOf } from './layout.ts';
import { sequenceLayout } from './load.ts';
import { allocate } from './realloc.ts';

export function liftFunction(
  type: FuncType,
  core: LateFunction,
  context: AbiContext,
  postReturn?: LateFunction,
): ComponentFunc {
  const { instance, life } = context;
  let glue: Glue | undefined;
  const call = (...args: Value[]): Value => {
    if (!instance.mayEnter) throw life.refusal('cannot-enter');
    instance.mayEnter = false;
    try {
      glue ??= buildGlue(type, context);
      const scope = new CallScope();
      const flat = glue.params(args, scope);
      const raw = core.callable?.(...flat);
      // A guest that swallowed a trap or an exit with an exception handler returns here as if nothing had been.
      life.checkAlive();
      const value = glue.result(raw, scope);
      scope.checkBorrows();
      if (postReturn !== undefined) {
        instance.mayLeave = false;
        if (raw === undefined) postReturn.callable?.();
        else postReturn.callable?.(raw);
        life.checkAlive();
        instance.mayLeave = true;
      }
      instance.mayEnter = true;
      return value;
    } catch (cause) {
      throw life.end(cause);
    }
  };
  return { type, call };
}

interface Glue {
  readonly params: (args: readonly Value[], scope: CallScope) => FlatValue[];
  readonly result: (raw: FlatValue | undefined, scope: CallScope) => Value;
}

/** Built when first called: a component may export far more functions than are used. */
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
  if (!flatSignature(type, 'lift').spillsResult) {
    const lift = passage.lift(result);
    return (raw, scope) => lift([raw ?? 0], 0, scope);
  }
  const load = passage.loads.of(result);
  const { size, alignment } = layoutOf(result);
  return (raw, scope) => load(passage.context.memory.check(Number(raw ?? 0), alignment, size), scope);
}
