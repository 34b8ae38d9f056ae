// Builds, per type, the functions that read a value from core values and write one into them (CanonicalABI.md, "Flat Lifting/Lowering").

import type { Case, Value, ValueType } from '../value-types.ts';
import type { AbiContext, FlatValue } from './context.ts';
import type { CallScope } from './handles.ts';
import type { FlatType } from './layout.ts';
import { layoutOf, variantParts } from './layout.ts';
import { Loaders, checkCase, maskFlags } from './load.ts';
import { liftBorrow, liftOwn, lowerBorrow, lowerOwn } from './resource-values.ts';
import { isScalar, liftScalar, lowerScalar } from './scalars.ts';
import type { ScalarValue } from './scalars.ts';
import { Stores } from './store.ts';
import { liftString, lowerString } from './strings.ts';

/** Reads the value that begins at core value `at`. */
export type FlatLift = (flat: readonly FlatValue[], at: number, scope: CallScope) => Value;
/** Writes core values from `at` on. */
export type FlatLower = (value: Value, flat: FlatValue[], at: number, scope: CallScope) => void;

/** Everything that one context's functions need to move values either way. */
export class Passage {
  readonly context: AbiContext;
  readonly loads: Loaders;
  readonly stores: Stores;
  readonly #lifts = new Map<ValueType, FlatLift>();
  readonly #lowers = new Map<ValueType, FlatLower>();

  constructor(context: AbiContext) {
    this.context = context;
    this.loads = new Loaders(context);
    this.stores = new Stores(context);
  }

  /** Only for types whose flat form has 16 core values or fewer. */
  lift(type: ValueType): FlatLift {
    const before = this.#lifts.get(type);
    if (before !== undefined) return before;
    const made = this.#makeLift(type);
    this.#lifts.set(type, made);
    return made;
  }

  lower(type: ValueType): FlatLower {
    const before = this.#lowers.get(type);
    if (before !== undefined) return before;
    const made = this.#makeLower(type);
    this.#lowers.set(type, made);
    return made;
  }

  #makeLift(type: ValueType): FlatLift {
    const { context } = this;
    if (isScalar(type)) {
      const { kind } = type;
      return (flat, at) => liftScalar(kind, flat[at] ?? 0);
    }
    switch (type.kind) {
      case 'string':
        return (flat, at, scope) => liftString(context, word(flat, at), word(flat, at + 1), scope);
      case 'list': {
        const list = this.loads.list(type.element);
        return (flat, at, scope) => list(word(flat, at), word(flat, at + 1), scope);
      }
      case 'own':
        return (flat, at) => liftOwn(context, type.resource, word(flat, at));
      case 'borrow':
        return (flat, at, scope) => liftBorrow(context, type.resource, word(flat, at), scope);
      case 'flags':
        return (flat, at) => maskFlags(word(flat, at), type.names.length);
      case 'enum':
        return (flat, at) => checkCase(word(flat, at), type.names.length);
      case 'record':
        return this.#liftSequence(type.fields.map((field) => field.type));
      case 'tuple':
        return this.#liftSequence(type.elements);
      default:
        return this.#liftChoice(type);
    }
  }

  #makeLower(type: ValueType): FlatLower {
    const { context } = this;
    if (isScalar(type)) {
      const { kind } = type;
      return (value, flat, at) => (flat[at] = lowerScalar(kind, value as ScalarValue));
    }
    switch (type.kind) {
      case 'string':
        return (value, flat, at) => ([flat[at], flat[at + 1]] = lowerString(context, value as string));
      case 'list': {
        const list = this.stores.list(type.element);
        return (value, flat, at, scope) => ([flat[at], flat[at + 1]] = list(value, scope));
      }
      case 'own':
        return (value, flat, at) => (flat[at] = lowerOwn(context, type.resource, value as number));
      case 'borrow':
        return (value, flat, at, scope) => (flat[at] = lowerBorrow(context, type.resource, value as number, scope));
      case 'flags':
      case 'enum':
        return (value, flat, at) => (flat[at] = value as number);
      case 'record':
        return this.#lowerSequence(type.fields.map((field) => field.type));
      case 'tuple':
        return this.#lowerSequence(type.elements);
      default:
        return this.#lowerChoice(type);
    }
  }

  #liftSequence(types: readonly ValueType[]): FlatLift {
    const lifts = types.map((type) => this.lift(type));
    const starts = flatStarts(types);
    return (flat, at, scope) => lifts.map((lift, index) => lift(flat, at + (starts[index] ?? 0), scope));
  }

  #lowerSequence(types: readonly ValueType[]): FlatLower {
    const lowers = types.map((type) => this.lower(type));
    const starts = flatStarts(types);
    return (value, flat, at, scope) => {
      const values = value as readonly Value[];
      lowers.forEach((lower, index) => lower(values[index], flat, at + (starts[index] ?? 0), scope));
    };
  }

  #liftChoice(type: ValueType): FlatLift {
    const { cases } = variantParts(type) ?? { cases: [] };
    const joined = (layoutOf(type).flat ?? []).slice(1);
    const lifts = cases.map((payload) => (payload === undefined ? undefined : this.#liftPayload(payload, joined)));
    return (flat, at, scope): Value => {
      const index = checkCase(word(flat, at), lifts.length);
      return { index, value: lifts[index]?.(flat, at + 1, scope) } satisfies Case;
    };
  }

  /** A case's own core values, out of the joined ones that stand for every case. */
  #liftPayload(payload: ValueType, joined: readonly FlatType[]): FlatLift {
    const lift = this.lift(payload);
    const own = layoutOf(payload).flat ?? [];
    if (own.every((flatType, index) => flatType === joined[index])) return lift;
    return (flat, at, scope) =>
      lift(
        own.map((want, index) => narrow(flat[at + index] ?? 0, joined[index] ?? want, want)),
        0,
        scope,
      );
  }

  #lowerChoice(type: ValueType): FlatLower {
    const { cases } = variantParts(type) ?? { cases: [] };
    const joined = (layoutOf(type).flat ?? []).slice(1);
    const lowers = cases.map((payload) => (payload === undefined ? undefined : this.lower(payload)));
    const owns = cases.map((payload) => (payload === undefined ? [] : (layoutOf(payload).flat ?? [])));
    return (value, flat, at, scope) => {
      const chosen = value as Case;
      flat[at] = chosen.index;
      lowers[chosen.index]?.(chosen.value, flat, at + 1, scope);
      const own = owns[chosen.index] ?? [];
      joined.forEach((want, index) => {
        const have = own[index];
        flat[at + 1 + index] = have === undefined ? zero(want) : widen(flat[at + 1 + index] ?? 0, have, want);
      });
    };
  }
}

/** Where each part begins among the core values. */
export function flatStarts(types: readonly ValueType[]): readonly number[] {
  let start = 0;
  return types.map((type) => {
    const here = start;
    start += layoutOf(type).flat?.length ?? 0;
    return here;
  });
}

function word(flat: readonly FlatValue[], at: number): number {
  return Number(flat[at] ?? 0) >>> 0;
}

function zero(type: FlatType): FlatValue {
  return type === 'i64' ? 0n : 0;
}

const scratch = new DataView(new ArrayBuffer(8));

/** CanonicalABI.md, `CoerceValueIter`: the case's own core value out of the joined one. */
function narrow(value: FlatValue, have: FlatType, want: FlatType): FlatValue {
  if (have === want) return value;
  if (have === 'i32') scratch.setInt32(0, Number(value), true);
  else scratch.setBigInt64(0, BigInt(value), true);
  if (want === 'i32') return scratch.getInt32(0, true);
  return want === 'f32' ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
}

function widen(value: FlatValue, have: FlatType, want: FlatType): FlatValue {
  if (have === want) return value;
  scratch.setBigInt64(0, 0n, true);
  if (have === 'i32') scratch.setInt32(0, Number(value), true);
  else if (have === 'f32') scratch.setFloat32(0, Number(value), true);
  else scratch.setFloat64(0, Number(value), true);
  return want === 'i32' ? scratch.getInt32(0, true) : scratch.getBigInt64(0, true);
}
