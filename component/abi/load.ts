// Builds, per type, the function that reads a value out of guest memory (CanonicalABI.md, "Loading"). Built once at link time.

import type { Case, Value, ValueType } from '../value-types.ts';
import type { AbiContext } from './context.ts';
import type { CallScope } from './handles.ts';
import { alignTo, fieldOffsets, flagsBytes, layoutOf, payloadOffset, variantParts } from './layout.ts';
import { liftBorrow, liftOwn } from './resource-values.ts';
import { canonicalNan, liftChar } from './scalars.ts';
import { liftString } from './strings.ts';
import { GuestTrap } from './trap.ts';

/** `at` is aligned and in bounds: whoever got the pointer from the guest has checked it for the whole value. */
export type Load = (at: number, scope: CallScope) => Value;

/** The loaders of one context, each type's made once: types share parts, and a tree of them would not end. */
export class Loaders {
  readonly #context: AbiContext;
  readonly #made = new Map<ValueType, Load>();

  constructor(context: AbiContext) {
    this.#context = context;
  }

  of(type: ValueType): Load {
    const before = this.#made.get(type);
    if (before !== undefined) return before;
    const made = this.#make(type);
    this.#made.set(type, made);
    return made;
  }

  /** A list by its two words. */
  list(element: ValueType): (pointer: number, length: number, scope: CallScope) => Value {
    const { memory } = this.#context;
    const { size, alignment, hostBytes } = layoutOf(element);
    if (element.kind === 'u8') {
      return (pointer, length, scope) => {
        const start = memory.check(pointer, 1, length >>> 0);
        scope.spend(length >>> 0);
        return memory.bytes().slice(start, start + (length >>> 0));
      };
    }
    const load = this.of(element);
    return (pointer, length, scope) => {
      const count = length >>> 0;
      const start = memory.check(pointer, alignment, count * size);
      scope.spend(count * Math.max(size, hostBytes));
      const values: Value[] = [];
      for (let index = 0; index < count; index++) values.push(load(start + index * size, scope));
      return values;
    };
  }

  #make(type: ValueType): Load {
    const context = this.#context;
    const { memory } = context;
    switch (type.kind) {
      case 'bool':
        return (at) => memory.view().getUint8(at) !== 0;
      case 'u8':
        return (at) => memory.view().getUint8(at);
      case 's8':
        return (at) => memory.view().getInt8(at);
      case 'u16':
        return (at) => memory.view().getUint16(at, true);
      case 's16':
        return (at) => memory.view().getInt16(at, true);
      case 'u32':
        return (at) => memory.view().getUint32(at, true);
      case 's32':
        return (at) => memory.view().getInt32(at, true);
      case 'u64':
        return (at) => memory.view().getBigUint64(at, true);
      case 's64':
        return (at) => memory.view().getBigInt64(at, true);
      case 'f32':
        return (at) => canonicalNan(memory.view().getFloat32(at, true));
      case 'f64':
        return (at) => canonicalNan(memory.view().getFloat64(at, true));
      case 'char':
        return (at) => liftChar(memory.view().getUint32(at, true));
      case 'string':
        return (at, scope) =>
          liftString(context, memory.view().getUint32(at, true), memory.view().getUint32(at + 4, true), scope);
      case 'list': {
        const list = this.list(type.element);
        return (at, scope) => list(memory.view().getUint32(at, true), memory.view().getUint32(at + 4, true), scope);
      }
      case 'own':
        return (at) => liftOwn(context, type.resource, memory.view().getUint32(at, true));
      case 'borrow':
        return (at, scope) => liftBorrow(context, type.resource, memory.view().getUint32(at, true), scope);
      case 'flags':
        return (at) => readFlags(memory.view(), at, type.names.length);
      case 'record':
        return this.#sequence(type.fields.map((field) => field.type));
      case 'tuple':
        return this.#sequence(type.elements);
      case 'enum':
      case 'variant':
      case 'option':
      case 'result':
        return this.#choice(type);
    }
  }

  #sequence(types: readonly ValueType[]): Load {
    const loads = types.map((type) => this.of(type));
    const offsets = fieldOffsets(types);
    return (at, scope) => loads.map((load, index) => load(at + (offsets[index] ?? 0), scope));
  }

  #choice(type: ValueType): Load {
    const parts = variantParts(type) ?? { cases: [], discriminantBytes: 1 };
    const payloadAt = payloadOffset(parts);
    const loads = parts.cases.map((payload) => (payload === undefined ? undefined : this.of(payload)));
    const { memory } = this.#context;
    const isEnum = type.kind === 'enum';
    return (at, scope): Value => {
      const index = checkCase(readUnsigned(memory.view(), at, parts.discriminantBytes), loads.length);
      if (isEnum) return index;
      return { index, value: loads[index]?.(at + payloadAt, scope) } satisfies Case;
    };
  }
}

/** Values so small are the call's own, and are not counted. */
const SMALL_VALUE_BYTES = 1024;

/** Charges what values take that stand in no list. */
export function spendOn(types: readonly ValueType[]): (scope: CallScope) => void {
  const bytes = types.reduce((sum, type) => sum + layoutOf(type).hostBytes, 0);
  return (scope) => {
    if (bytes > SMALL_VALUE_BYTES) scope.spend(bytes);
  };
}

/** Traps on a discriminant that names no case. */
export function checkCase(index: number, cases: number): number {
  if (index >= cases) throw new GuestTrap('discriminant-invalid', `invalid variant discriminant ${index} of ${cases}`);
  return index;
}

/** Bits above the last label are ignored. */
export function maskFlags(bits: number, count: number): number {
  return count === 32 ? bits >>> 0 : bits & (2 ** count - 1);
}

function readFlags(view: DataView, at: number, count: number): number {
  return maskFlags(readUnsigned(view, at, flagsBytes(count)), count);
}

function readUnsigned(view: DataView, at: number, bytes: 1 | 2 | 4): number {
  if (bytes === 1) return view.getUint8(at);
  return bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
}

/** A value list (parameters that did not fit the flat ones) as one sequence in memory. */
export function sequenceLayout(types: readonly ValueType[]): { size: number; alignment: number } {
  const alignment = Math.max(1, ...types.map((type) => layoutOf(type).alignment));
  const last = types.at(-1);
  const end = (fieldOffsets(types).at(-1) ?? 0) + (last === undefined ? 0 : layoutOf(last).size);
  return { size: alignTo(end, alignment), alignment };
}
