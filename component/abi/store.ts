// Builds, per type, the function that writes a value into guest memory (CanonicalABI.md, "Storing"). Built once at link time.

import type { Case, Value, ValueType } from '../value-types.ts';
import type { AbiContext } from './context.ts';
import type { CallScope } from './handles.ts';
import { fieldOffsets, flagsBytes, layoutOf, payloadOffset, variantParts } from './layout.ts';
import { allocate } from './realloc.ts';
import { lowerBorrow, lowerOwn } from './resource-values.ts';
import { canonicalNan } from './scalars.ts';
import { lowerString } from './strings.ts';

/** `at` is aligned and in bounds. The view is asked for anew each time: realloc may have grown the memory meanwhile. */
export type Store = (value: Value, at: number, scope: CallScope) => void;

export class Stores {
  readonly #context: AbiContext;
  readonly #made = new Map<ValueType, Store>();

  constructor(context: AbiContext) {
    this.#context = context;
  }

  of(type: ValueType): Store {
    const before = this.#made.get(type);
    if (before !== undefined) return before;
    const made = this.#make(type);
    this.#made.set(type, made);
    return made;
  }

  /** Pointer and length of a list's copy. */
  list(element: ValueType): (value: Value, scope: CallScope) => readonly [number, number] {
    const context = this.#context;
    const { size, alignment } = layoutOf(element);
    if (element.kind === 'u8') {
      return (value) => {
        const bytes = value as Uint8Array;
        const pointer = allocate(context, 1, bytes.length);
        context.memory.bytes().set(bytes, pointer);
        return [pointer, bytes.length];
      };
    }
    const store = this.of(element);
    return (value, scope) => {
      const values = value as readonly Value[];
      const pointer = allocate(context, alignment, values.length * size);
      for (let index = 0; index < values.length; index++) store(values[index], pointer + index * size, scope);
      return [pointer, values.length];
    };
  }

  #make(type: ValueType): Store {
    const context = this.#context;
    const { memory } = context;
    switch (type.kind) {
      case 'bool':
        return (value, at) => memory.view().setUint8(at, value === true ? 1 : 0);
      case 'u8':
      case 's8':
        return (value, at) => memory.view().setUint8(at, value as number);
      case 'u16':
      case 's16':
        return (value, at) => memory.view().setUint16(at, value as number, true);
      case 'u32':
      case 's32':
        return (value, at) => memory.view().setUint32(at, value as number, true);
      case 'u64':
      case 's64':
        return (value, at) => memory.view().setBigUint64(at, BigInt(value as bigint), true);
      case 'f32':
        return (value, at) => memory.view().setFloat32(at, canonicalNan(value as number), true);
      case 'f64':
        return (value, at) => memory.view().setFloat64(at, canonicalNan(value as number), true);
      case 'char':
        return (value, at) => memory.view().setUint32(at, (value as string).codePointAt(0) ?? 0, true);
      case 'string':
        return (value, at) => storePair(context, at, lowerString(context, value as string));
      case 'list': {
        const list = this.list(type.element);
        return (value, at, scope) => storePair(context, at, list(value, scope));
      }
      case 'own':
        return (value, at) => memory.view().setUint32(at, lowerOwn(context, type.resource, value as number), true);
      case 'borrow':
        return (value, at, scope) =>
          memory.view().setUint32(at, lowerBorrow(context, type.resource, value as number, scope), true);
      case 'flags': {
        const bytes = flagsBytes(type.names.length);
        return (value, at) => writeUnsigned(memory.view(), at, bytes, value as number);
      }
      case 'record':
        return this.#sequence(type.fields.map((field) => field.type));
      case 'tuple':
        return this.#sequence(type.elements);
      case 'enum': {
        const { discriminantBytes } = variantParts(type) ?? { discriminantBytes: 1 };
        return (value, at) => writeUnsigned(memory.view(), at, discriminantBytes, value as number);
      }
      case 'variant':
      case 'option':
      case 'result':
        return this.#choice(type);
    }
  }

  #sequence(types: readonly ValueType[]): Store {
    const stores = types.map((type) => this.of(type));
    const offsets = fieldOffsets(types);
    return (value, at, scope) => {
      const values = value as readonly Value[];
      stores.forEach((store, index) => store(values[index], at + (offsets[index] ?? 0), scope));
    };
  }

  #choice(type: ValueType): Store {
    const parts = variantParts(type) ?? { cases: [], discriminantBytes: 1 };
    const payloadAt = payloadOffset(parts);
    const stores = parts.cases.map((payload) => (payload === undefined ? undefined : this.of(payload)));
    const { memory } = this.#context;
    return (value, at, scope) => {
      const chosen = value as Case;
      writeUnsigned(memory.view(), at, parts.discriminantBytes, chosen.index);
      stores[chosen.index]?.(chosen.value, at + payloadAt, scope);
    };
  }
}

function storePair(context: AbiContext, at: number, [first, second]: readonly [number, number]): void {
  const view = context.memory.view();
  view.setUint32(at, first, true);
  view.setUint32(at + 4, second, true);
}

function writeUnsigned(view: DataView, at: number, bytes: 1 | 2 | 4, value: number): void {
  if (bytes === 1) view.setUint8(at, value);
  else if (bytes === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
}
