// Core modules by the byte, for what no text format would write: one function in a module that has one of everything. It must never be
// used outside tests.

import { encodeU32 } from '../../component/binary/binary-reader.ts';

export const CORE_PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export function coreSection(id: number, ...body: readonly number[]): number[] {
  return [id, ...encodeU32(body.length), ...body];
}

export function coreBytes(...sections: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...CORE_PREAMBLE, ...sections.flat()]);
}

export interface FunctionParts {
  readonly results?: readonly number[];
  /** Groups of locals: how many, and of what type. */
  readonly locals?: readonly (readonly [number, number])[];
  /** Instructions, `end` included. */
  readonly code: readonly number[];
}

/** A module of this one function. */
export function moduleOf(parts: FunctionParts): Uint8Array<ArrayBuffer> {
  const { results = [] } = parts;
  const type = coreSection(1, 1, 0x60, 0, ...encodeU32(results.length), ...results);
  return coreBytes(type, coreSection(3, 1, 0), codeSection(parts));
}

/** A module with this function and two tables, a memory, a mutable global, an element and a data segment: index 0 of anything exists. */
export function fullModuleOf(parts: FunctionParts): Uint8Array<ArrayBuffer> {
  return coreBytes(
    coreSection(1, 1, 0x60, 0, 0),
    coreSection(3, 1, 0),
    coreSection(4, 2, 0x70, 0, 1, 0x6f, 0, 1),
    coreSection(5, 1, 0, 1),
    coreSection(6, 1, 0x7f, 1, 0x41, 0, 0x0b),
    coreSection(9, 1, 1, 0, 1, 0),
    coreSection(12, 1),
    codeSection(parts),
    coreSection(11, 1, 1, 0),
  );
}

function codeSection({ locals = [], code }: FunctionParts): number[] {
  const declared = [...encodeU32(locals.length), ...locals.flatMap(([count, type]) => [...encodeU32(count), type])];
  return coreSection(10, 1, ...encodeU32(declared.length + code.length), ...declared, ...code);
}
