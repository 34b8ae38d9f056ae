// Values of this repository's canonical ABI as wasmtime's `wasmtime_component_val_t` and back. It must never interpret a value
// beyond its type: what wasmtime makes of it is the point.

import ffi from 'node:ffi';
import type { Case, Value, ValueType } from '../../../component/value-types.ts';
import type { Arena, Wasmtime } from './native.ts';
import { readText } from './native.ts';

/** sizeof(wasmtime_component_val_t): the kind, then a union of at most three words. */
export const VAL_BYTES = 32;
const PAYLOAD = 8;
/** sizeof(wasm_name_t), and of a record's entry: its name and its value. */
const NAME_BYTES = 16;
const ENTRY_BYTES = NAME_BYTES + VAL_BYTES;

const KINDS = {
  bool: 0,
  s8: 1,
  u8: 2,
  s16: 3,
  u16: 4,
  s32: 5,
  u32: 6,
  s64: 7,
  u64: 8,
  f32: 9,
  f64: 10,
  char: 11,
  string: 12,
  list: 13,
  record: 14,
  tuple: 15,
  variant: 16,
  enum: 17,
  option: 18,
  result: 19,
  flags: 20,
  own: 21,
  borrow: 21,
} as const satisfies Record<ValueType['kind'], number>;

/** One store's values. A resource's type is known by its name, and numbered in the order of naming. */
export class NativeValues {
  readonly #wasmtime: Wasmtime;
  readonly #arena: Arena;
  readonly #context: () => bigint;
  readonly #resources = new Map<string, number>();

  constructor(wasmtime: Wasmtime, arena: Arena, context: () => bigint) {
    this.#wasmtime = wasmtime;
    this.#arena = arena;
    this.#context = context;
  }

  resourceNumber(name: string): number {
    const number = this.#resources.get(name) ?? this.#resources.size + 1;
    this.#resources.set(name, number);
    return number;
  }

  /** Writes a value that native code will own. */
  write(value: Value, type: ValueType, at: bigint): void {
    const { kind } = type;
    const to = at + BigInt(PAYLOAD);
    ffi.setUint8(at, 0, KINDS[kind]);
    switch (kind) {
      case 'bool':
        return ffi.setUint8(to, 0, value === true ? 1 : 0);
      case 's8':
        return ffi.setInt8(to, 0, value as number);
      case 'u8':
        return ffi.setUint8(to, 0, value as number);
      case 's16':
        return ffi.setInt16(to, 0, value as number);
      case 'u16':
        return ffi.setUint16(to, 0, value as number);
      case 's32':
        return ffi.setInt32(to, 0, value as number);
      case 'u32':
        return ffi.setUint32(to, 0, value as number);
      case 's64':
        return ffi.setInt64(to, 0, value as bigint);
      case 'u64':
        return ffi.setUint64(to, 0, value as bigint);
      case 'f32':
        return ffi.setFloat32(to, 0, value as number);
      case 'f64':
        return ffi.setFloat64(to, 0, value as number);
      case 'char':
        return ffi.setUint32(to, 0, (value as string).codePointAt(0) ?? 0);
      case 'string':
        return this.#writeName(value as string, to);
      case 'list': {
        const values = Array.from(value as ArrayLike<Value>);
        this.#wasmtime.wasmtime_component_vallist_new_uninit(to, BigInt(values.length));
        return this.#writeAll(
          values.map((part) => [part, type.element]),
          ffi.getUint64(to, 8),
        );
      }
      case 'tuple': {
        const values = value as readonly Value[];
        this.#wasmtime.wasmtime_component_valtuple_new_uninit(to, BigInt(values.length));
        return this.#writeAll(
          type.elements.map((element, index) => [values[index], element]),
          ffi.getUint64(to, 8),
        );
      }
      case 'record': {
        const values = value as readonly Value[];
        this.#wasmtime.wasmtime_component_valrecord_new_uninit(to, BigInt(values.length));
        const data = ffi.getUint64(to, 8);
        return type.fields.forEach((field, index) => {
          const entry = data + BigInt(index * ENTRY_BYTES);
          this.#writeName(field.name, entry);
          this.write(values[index], field.type, entry + BigInt(NAME_BYTES));
        });
      }
      case 'flags': {
        const set = type.names.filter((_, bit) => ((value as number) & (1 << bit)) !== 0);
        this.#wasmtime.wasmtime_component_valflags_new_uninit(to, BigInt(set.length));
        const data = ffi.getUint64(to, 8);
        return set.forEach((name, index) => this.#writeName(name, data + BigInt(index * NAME_BYTES)));
      }
      case 'enum':
        return this.#writeName(type.names[value as number] ?? '', to);
      case 'option': {
        const chosen = value as Case;
        return ffi.setUint64(to, 0, chosen.index === 0 ? 0n : this.#boxed(chosen.value, type.some));
      }
      case 'result': {
        const chosen = value as Case;
        ffi.setUint8(to, 0, chosen.index === 0 ? 1 : 0);
        return ffi.setUint64(to, 8, this.#boxed(chosen.value, chosen.index === 0 ? type.ok : type.error));
      }
      case 'variant': {
        const chosen = value as Case;
        const member = type.cases[chosen.index];
        this.#writeName(member?.name ?? '', to);
        return ffi.setUint64(to, NAME_BYTES, this.#boxed(chosen.value, member?.type));
      }
      case 'own':
      case 'borrow':
        return this.#writeHandle(type, value as number, to);
    }
  }

  #writeAll(parts: readonly (readonly [Value, ValueType])[], data: bigint): void {
    parts.forEach(([part, type], index) => this.write(part, type, data + BigInt(index * VAL_BYTES)));
  }

  #writeName(text: string, at: bigint): void {
    const [address, length] = this.#arena.text(text);
    this.#wasmtime.wasm_byte_vec_new(at, length, address);
  }

  #boxed(value: Value, type: ValueType | undefined): bigint {
    if (type === undefined) return 0n;
    const room = this.#arena.room(VAL_BYTES);
    this.write(value, type, room);
    return this.#wasmtime.wasmtime_component_val_new(room);
  }

  #writeHandle(type: Extract<ValueType, { kind: 'own' | 'borrow' }>, rep: number, at: bigint): void {
    const number = this.resourceNumber(type.resource.name);
    const host = this.#wasmtime.wasmtime_component_resource_host_new(type.kind === 'own' ? 1 : 0, rep, number);
    const any = this.#arena.room(8);
    const error = this.#wasmtime.wasmtime_component_resource_host_to_any(this.#context(), host, any);
    if (error !== 0n) throw new Error('a host resource that is none');
    ffi.setUint64(at, 0, ffi.getUint64(any, 0));
  }

  /** Reads a value; what native code owns of it stays with native code. */
  read(type: ValueType, at: bigint): Value {
    const from = at + BigInt(PAYLOAD);
    if (ffi.getUint8(at, 0) !== KINDS[type.kind]) throw new Error(`kind ${ffi.getUint8(at, 0)} for a ${type.kind}`);
    switch (type.kind) {
      case 'bool':
        return ffi.getUint8(from, 0) !== 0;
      case 's8':
        return ffi.getInt8(from, 0);
      case 'u8':
        return ffi.getUint8(from, 0);
      case 's16':
        return ffi.getInt16(from, 0);
      case 'u16':
        return ffi.getUint16(from, 0);
      case 's32':
        return ffi.getInt32(from, 0);
      case 'u32':
        return ffi.getUint32(from, 0);
      case 's64':
        return ffi.getInt64(from, 0);
      case 'u64':
        return ffi.getUint64(from, 0);
      case 'f32':
        return ffi.getFloat32(from, 0);
      case 'f64':
        return ffi.getFloat64(from, 0);
      case 'char':
        return String.fromCodePoint(ffi.getUint32(from, 0));
      case 'string':
        return readText(from);
      case 'list': {
        const values = this.#readAll(
          Array.from({ length: sizeAt(from) }, () => type.element),
          ffi.getUint64(from, 8),
        );
        return type.element.kind === 'u8' ? Uint8Array.from(values as number[]) : values;
      }
      case 'tuple':
        return this.#readAll(type.elements, ffi.getUint64(from, 8));
      case 'record': {
        const data = ffi.getUint64(from, 8);
        return type.fields.map((field, index) =>
          this.read(field.type, data + BigInt(index * ENTRY_BYTES + NAME_BYTES)),
        );
      }
      case 'flags': {
        const data = ffi.getUint64(from, 8);
        const names = Array.from({ length: sizeAt(from) }, (_, index) => readText(data + BigInt(index * NAME_BYTES)));
        return names.reduce((bits, name) => bits | (1 << type.names.indexOf(name)), 0) >>> 0;
      }
      case 'enum':
        return type.names.indexOf(readText(from));
      case 'option': {
        const some = ffi.getUint64(from, 0);
        return some === 0n ? { index: 0, value: undefined } : { index: 1, value: this.read(type.some, some) };
      }
      case 'result': {
        const ok = ffi.getUint8(from, 0) !== 0;
        return this.#readCase(ok ? 0 : 1, ok ? type.ok : type.error, ffi.getUint64(from, 8));
      }
      case 'variant': {
        const name = readText(from);
        const index = type.cases.findIndex((member) => member.name === name);
        return this.#readCase(index, type.cases[index]?.type, ffi.getUint64(from, NAME_BYTES));
      }
      case 'own':
      case 'borrow': {
        const host = this.#arena.room(8);
        const any = ffi.getUint64(from, 0);
        const error = this.#wasmtime.wasmtime_component_resource_any_to_host(this.#context(), any, host);
        if (error !== 0n) throw new Error('a resource that is not the host’s');
        return this.#wasmtime.wasmtime_component_resource_host_rep(ffi.getUint64(host, 0));
      }
    }
  }

  #readAll(types: readonly ValueType[], data: bigint): Value[] {
    return types.map((type, index) => this.read(type, data + BigInt(index * VAL_BYTES)));
  }

  #readCase(index: number, type: ValueType | undefined, boxed: bigint): Case {
    return { index, value: type === undefined ? undefined : this.read(type, boxed) };
  }
}

function sizeAt(vector: bigint): number {
  return Number(ffi.getUint64(vector, 0));
}
