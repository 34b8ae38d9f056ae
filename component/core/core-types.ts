// The types of core WebAssembly as far as linking needs them: numbers, vectors and the two opaque references. No garbage-collected types.

import type { BinaryReader } from '../binary/binary-reader.ts';
import type { Budget } from '../binary/budget.ts';
import { ComponentError } from '../component-error.ts';

export type CoreValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref';

export interface CoreFuncType {
  readonly params: readonly CoreValueType[];
  readonly results: readonly CoreValueType[];
}

/** Pages for a memory, entries for a table. */
export interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

export interface TableType extends Limits {
  readonly element: 'funcref' | 'externref';
}

export interface GlobalType {
  readonly type: CoreValueType;
  readonly isMutable: boolean;
}

export type CoreExternType =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'table'; readonly limits: TableType }
  | { readonly kind: 'memory'; readonly limits: Limits }
  | { readonly kind: 'global'; readonly globalType: GlobalType };

/** Parameters of one function: the engine's bound is 1,000. */
const MAX_PARAMS = 1000;

export const FUNCREF = 0x70;
export const EXTERNREF = 0x6f;
const VALUE_TYPES: ReadonlyMap<number, CoreValueType> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [FUNCREF, 'funcref'],
  [EXTERNREF, 'externref'],
]);

export function readCoreValueType(reader: BinaryReader): CoreValueType {
  const code = reader.u8();
  const type = VALUE_TYPES.get(code);
  if (type === undefined) throw typeNotAllowed(reader, code);
  return type;
}

/** The type of what a table holds or a null reference is of. */
export function readReferenceType(reader: BinaryReader): 'funcref' | 'externref' {
  const code = reader.u8();
  const type = VALUE_TYPES.get(code);
  if (type === 'funcref' || type === 'externref') return type;
  throw typeNotAllowed(reader, code);
}

/** The type's byte was the last that was read. */
function typeNotAllowed(reader: BinaryReader, code: number): ComponentError {
  const type = `0x${code.toString(16).padStart(2, '0')}`;
  const offset = reader.position - 1;
  const message = `the type ${type} at byte ${offset} is not of those that run here`;
  return new ComponentError('core-type-not-allowed', message, { details: { type, offset } });
}

/** A global's value type and whether it may change; other bits belong to shared globals. */
export function readGlobalType(reader: BinaryReader): GlobalType {
  const type = readCoreValueType(reader);
  const flags = reader.u8();
  if (flags > 1) throw new ComponentError('core-feature-not-supported', 'a global that is more than mutable');
  return { type, isMutable: flags === 1 };
}

/** 0x60 and a function type; every other form belongs to garbage collection. */
export function readCoreFuncType(reader: BinaryReader): CoreFuncType {
  const code = reader.u8();
  if (code !== 0x60) throw typeNotAllowed(reader, code);
  const params = reader.vector(() => readCoreValueType(reader), MAX_PARAMS);
  return { params, results: reader.vector(() => readCoreValueType(reader), MAX_PARAMS) };
}

/** An importdesc with its type index looked up by `typeAt`. */
export function readCoreExtern(reader: BinaryReader, typeAt: (index: number) => CoreFuncType): CoreExternType {
  const code = reader.u8();
  switch (code) {
    case 0x00:
      return { kind: 'func', type: typeAt(reader.u32()) };
    case 0x01:
      return { kind: 'table', limits: readTableType(reader) };
    case 0x02:
      return { kind: 'memory', limits: readMemoryLimits(reader) };
    case 0x03:
      return { kind: 'global', globalType: readGlobalType(reader) };
    case 0x04:
      throw new ComponentError('core-feature-not-supported', 'a tag: exceptions do not run here');
    default:
      throw new ComponentError('core-module-malformed', `core import kind 0x${code.toString(16)}`);
  }
}

export function readTableType(reader: BinaryReader): TableType {
  const element = readReferenceType(reader);
  const flags = reader.u8();
  if (flags > 0x01) throw new ComponentError('core-feature-not-supported', 'a shared or 64-bit table');
  return { element, ...readRange(reader, flags) };
}

/** Shared and 64-bit memories have codes of their own, because what they would allow differs. */
export function readMemoryLimits(reader: BinaryReader): Limits {
  const flags = reader.u8();
  if ((flags & 0x02) !== 0)
    throw new ComponentError('memory-shared', 'a shared memory: another thread could change checked bytes');
  if ((flags & 0x04) !== 0) throw new ComponentError('memory-64', 'a memory with 64-bit addresses');
  if (flags > 0x01) throw new ComponentError('core-feature-not-supported', `memory flags 0x${flags.toString(16)}`);
  return readRange(reader, flags);
}

function readRange(reader: BinaryReader, flags: number): Limits {
  const initial = reader.u32();
  return { initial, maximum: flags === 0x01 ? reader.u32() : undefined };
}

/** A core type of a component: read for its length and its form; modules are checked against what they are given instead. */
export function readCoreType(reader: BinaryReader, budget: Budget): void {
  budget.spend();
  if (reader.peek() !== 0x50) {
    readCoreFuncType(reader);
    return;
  }
  reader.u8();
  const types: CoreFuncType[] = [];
  const typeAt = (index: number): CoreFuncType => coreTypeAt(types, index);
  for (let left = reader.count(); left > 0; left--) {
    budget.spend();
    readModuleDeclaration(reader, types, typeAt);
  }
}

function readModuleDeclaration(
  reader: BinaryReader,
  types: CoreFuncType[],
  typeAt: (index: number) => CoreFuncType,
): void {
  const code = reader.u8();
  switch (code) {
    case 0x00:
      reader.name();
      reader.name();
      readCoreExtern(reader, typeAt);
      return;
    case 0x01:
      types.push(readCoreFuncType(reader));
      return;
    case 0x02:
      throw new ComponentError('feature-not-supported', 'a module type that takes its types from outside');
    case 0x03:
      reader.name();
      readCoreExtern(reader, typeAt);
      return;
    default:
      throw new ComponentError('component-malformed', `module declaration 0x${code.toString(16)}`);
  }
}

export function coreTypeAt(types: readonly CoreFuncType[], index: number): CoreFuncType {
  const type = types[index];
  if (type === undefined) throw new ComponentError('index-out-of-range', `core type ${index} of ${types.length}`);
  return type;
}

export function sameCoreFunc(a: CoreFuncType, b: CoreFuncType): boolean {
  return sameList(a.params, b.params) && sameList(a.results, b.results);
}

function sameList(a: readonly CoreValueType[], b: readonly CoreValueType[]): boolean {
  return a.length === b.length && a.every((type, index) => type === b[index]);
}

export function describeCoreFunc(type: CoreFuncType): string {
  return `[${type.params.join(' ')}] -> [${type.results.join(' ')}]`;
}

/** Whether what is given may stand for what is wanted (core specification 4.5.3, "External Typing"): at least as large, and never to grow larger. */
export function limitsFit(given: Limits, wanted: Limits): boolean {
  if (given.initial < wanted.initial) return false;
  return wanted.maximum === undefined || (given.maximum !== undefined && given.maximum <= wanted.maximum);
}
