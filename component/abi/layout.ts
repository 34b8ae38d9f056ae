// Sizes, alignments and flat forms of value types, in the order of the canonical ABI's "Alignment", "Element Size" and "Flattening".

import { ComponentError } from '../component-error.ts';
import type { CoreFuncType } from '../core/core-types.ts';
import { MAX_TYPE_BYTES, MAX_TYPE_DEPTH } from '../limits.ts';
import type { FuncType, ValueType } from '../value-types.ts';

/** CanonicalABI.md: MAX_FLAT_PARAMS and MAX_FLAT_RESULTS. */
export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_RESULTS = 1;

export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

export interface Layout {
  readonly size: number;
  readonly alignment: number;
  /** Core values; `undefined` when they are more than 16, and the value goes through memory whatever their number. */
  readonly flat: readonly FlatType[] | undefined;
  readonly depth: number;
  /** Holds a string or a list somewhere, so that lowering it needs memory and realloc. */
  readonly pointers: boolean;
  /** Holds a borrow somewhere, so that a call has handles to give back. */
  readonly borrows: boolean;
  /** Names a resource type somewhere, owned or borrowed. */
  readonly handles: boolean;
  /** What the host's form of a value takes at the most, without the text or the elements that it points to: a byte of a guest may be an object. */
  readonly hostBytes: number;
}

/** The parts of a variant, option, result or enum, in one form. */
export interface VariantParts {
  readonly cases: readonly (ValueType | undefined)[];
  readonly discriminantBytes: 1 | 2 | 4;
}

/** An object or an array, with the entry that it stands in; and an entry whose number is an object of its own. */
const OBJECT_BYTES = 64;
const ENTRY_BYTES = 32;
const SMALL_ENTRY_BYTES = 8;

const known = new WeakMap<ValueType, Layout>();

/** Errors: `type-too-deep`, `type-too-large`. */
export function layoutOf(type: ValueType): Layout {
  const before = known.get(type);
  if (before !== undefined) return before;
  const layout = computeLayout(type);
  if (layout.depth > MAX_TYPE_DEPTH)
    throw new ComponentError('type-too-deep', `a type nested over ${MAX_TYPE_DEPTH} deep`);
  if (layout.size > MAX_TYPE_BYTES) throw new ComponentError('type-too-large', `a type of ${layout.size} bytes`);
  known.set(type, layout);
  return layout;
}

export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Offset of every field of a record or tuple. */
export function fieldOffsets(types: readonly ValueType[]): readonly number[] {
  let offset = 0;
  return types.map((type) => {
    const { size, alignment } = layoutOf(type);
    const start = alignTo(offset, alignment);
    offset = start + size;
    return start;
  });
}

export function variantParts(type: ValueType): VariantParts | undefined {
  const cases = casesOf(type);
  if (cases === undefined) return undefined;
  return { cases, discriminantBytes: cases.length <= 0x100 ? 1 : cases.length <= 0x1_0000 ? 2 : 4 };
}

/** Where a case's value begins in memory. */
export function payloadOffset({ cases, discriminantBytes }: VariantParts): number {
  return alignTo(discriminantBytes, Math.max(1, ...payloads(cases).map((type) => layoutOf(type).alignment)));
}

/** The one core type that can carry either (CanonicalABI.md, `join`). */
export function joinFlat(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  return a !== 'i64' && a !== 'f64' && b !== 'i64' && b !== 'f64' ? 'i32' : 'i64';
}

/** Bytes of a flags value. */
export function flagsBytes(count: number): 1 | 2 | 4 {
  return count <= 8 ? 1 : count <= 16 ? 2 : 4;
}

export interface FlatSignature {
  readonly core: CoreFuncType;
  /** Parameters through memory: one pointer. */
  readonly spillsParams: boolean;
  /** Result through memory: a pointer back (lift), or one more parameter (lower). */
  readonly spillsResult: boolean;
}

/** The core function that stands for `type` (CanonicalABI.md, `flatten_functype`). */
export function flatSignature(type: FuncType, direction: 'lift' | 'lower'): FlatSignature {
  const flatParams = joinAll(
    type.params.map(({ type: param }) => layoutOf(param).flat),
    MAX_FLAT_PARAMS,
  );
  const flatResult = type.result === undefined ? [] : layoutOf(type.result).flat;
  const spillsParams = flatParams === undefined;
  const spillsResult = flatResult === undefined || flatResult.length > MAX_FLAT_RESULTS;
  const params: FlatType[] = spillsParams ? ['i32'] : [...flatParams];
  if (spillsResult && direction === 'lower') params.push('i32');
  const results: readonly FlatType[] = !spillsResult ? flatResult : direction === 'lift' ? ['i32'] : [];
  return { core: { params, results }, spillsParams, spillsResult };
}

function computeLayout(type: ValueType): Layout {
  switch (type.kind) {
    case 'bool':
    case 's8':
    case 'u8':
      return scalar(1, 'i32');
    case 's16':
    case 'u16':
      return scalar(2, 'i32');
    case 's32':
    case 'u32':
    case 'char':
      return scalar(4, 'i32');
    case 'own':
      return { ...scalar(4, 'i32'), handles: true };
    case 'borrow':
      return { ...scalar(4, 'i32'), handles: true, borrows: true };
    case 's64':
    case 'u64':
      return scalar(8, 'i64');
    case 'f32':
      return scalar(4, 'f32');
    case 'f64':
      return scalar(8, 'f64');
    case 'flags': {
      const bytes = flagsBytes(type.names.length);
      return scalar(bytes, 'i32');
    }
    case 'string':
      return {
        size: 8,
        alignment: 4,
        flat: ['i32', 'i32'],
        depth: 1,
        pointers: true,
        borrows: false,
        handles: false,
        hostBytes: OBJECT_BYTES,
      };
    case 'list': {
      const { depth, borrows, handles } = layoutOf(type.element);
      return {
        size: 8,
        alignment: 4,
        flat: ['i32', 'i32'],
        depth: depth + 1,
        pointers: true,
        borrows,
        handles,
        hostBytes: OBJECT_BYTES,
      };
    }
    case 'record':
      return sequence(type.fields.map((field) => field.type));
    case 'tuple':
      return sequence(type.elements);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result':
      return choice(variantParts(type) ?? { cases: [], discriminantBytes: 1 });
  }
}

function scalar(size: number, flat: FlatType): Layout {
  return {
    size,
    alignment: size,
    flat: [flat],
    depth: 1,
    pointers: false,
    borrows: false,
    handles: false,
    hostBytes: size <= 2 ? SMALL_ENTRY_BYTES : ENTRY_BYTES,
  };
}

function sequence(types: readonly ValueType[]): Layout {
  const layouts = types.map(layoutOf);
  const alignment = Math.max(1, ...layouts.map((layout) => layout.alignment));
  const last = layouts.at(-1);
  const end = (fieldOffsets(types).at(-1) ?? 0) + (last?.size ?? 0);
  const flat = joinAll(
    layouts.map((layout) => layout.flat),
    MAX_FLAT_PARAMS,
  );
  const hostBytes = layouts.reduce((sum, layout) => sum + layout.hostBytes, OBJECT_BYTES);
  return { size: alignTo(end, alignment), alignment, flat, ...traits(layouts), hostBytes };
}

function choice(parts: VariantParts): Layout {
  const layouts = payloads(parts.cases).map(layoutOf);
  const alignment = Math.max(parts.discriminantBytes, ...layouts.map((layout) => layout.alignment));
  const largest = Math.max(0, ...layouts.map((layout) => layout.size));
  const flat = joinCases(layouts.map((layout) => layout.flat));
  const hostBytes = Math.max(0, ...layouts.map((layout) => layout.hostBytes)) + OBJECT_BYTES;
  return { size: alignTo(payloadOffset(parts) + largest, alignment), alignment, flat, ...traits(layouts), hostBytes };
}

function traits(layouts: readonly Layout[]): Pick<Layout, 'depth' | 'pointers' | 'borrows' | 'handles'> {
  return {
    depth: 1 + Math.max(0, ...layouts.map((layout) => layout.depth)),
    pointers: layouts.some((layout) => layout.pointers),
    borrows: layouts.some((layout) => layout.borrows),
    handles: layouts.some((layout) => layout.handles),
  };
}

function joinCases(flats: readonly (readonly FlatType[] | undefined)[]): readonly FlatType[] | undefined {
  const joined: FlatType[] = [];
  for (const flat of flats) {
    if (flat === undefined || flat.length >= MAX_FLAT_PARAMS) return undefined;
    flat.forEach((type, index) => (joined[index] = joinFlat(joined[index] ?? type, type)));
  }
  return ['i32', ...joined];
}

function joinAll(flats: readonly (readonly FlatType[] | undefined)[], max: number): readonly FlatType[] | undefined {
  const all: FlatType[] = [];
  for (const flat of flats) {
    if (flat === undefined || all.length + flat.length > max) return undefined;
    all.push(...flat);
  }
  return all;
}

function payloads(cases: readonly (ValueType | undefined)[]): readonly ValueType[] {
  return cases.filter((type) => type !== undefined);
}

function casesOf(type: ValueType): readonly (ValueType | undefined)[] | undefined {
  switch (type.kind) {
    case 'variant':
      return type.cases.map((member) => member.type);
    case 'enum':
      return type.names.map(() => undefined);
    case 'option':
      return [undefined, type.some];
    case 'result':
      return [type.ok, type.error];
    default:
      return undefined;
  }
}
