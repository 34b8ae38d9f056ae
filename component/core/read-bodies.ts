// Reads the sections of a core module that have instructions in them, for those instructions alone: globals, elements, code, data.
// Never keeps anything of them: the engine has the bytes.

import type { BinaryReader } from '../binary/binary-reader.ts';
import type { Budget } from '../binary/budget.ts';
import { ComponentError } from '../component-error.ts';
import { MAX_CORE_ENTRIES, MAX_FUNCTION_BYTES, MAX_LOCALS } from '../limits.ts';
import type { CoreFuncType, GlobalType } from './core-types.ts';
import { readCoreValueType, readGlobalType, readReferenceType } from './core-types.ts';
import { readConstant, readInstructions, readMemoryIndex } from './read-instructions.ts';

/** What the constant expressions of one module may name, and what its instructions are counted against. */
export interface BodyBounds {
  readonly importedGlobals: number;
  readonly instructions: Budget;
}

export function readGlobal(reader: BinaryReader, bounds: BodyBounds): GlobalType {
  const globalType = readGlobalType(reader);
  skipConstant(reader, bounds);
  return globalType;
}

/** One function of the code section. Errors: as `readInstructions`, and `component-too-complex` over a bound of the engine's. */
export function readFunctionBody(reader: BinaryReader, { params }: CoreFuncType, instructions: Budget): void {
  const size = reader.u32();
  if (size > MAX_FUNCTION_BYTES) throw new ComponentError('component-too-complex', `a function of ${size} bytes`);
  const body = reader.within(size);
  // Parameters are locals too, for the engine's bound.
  let locals = params.length;
  for (let left = body.count(); left > 0; left--) {
    locals += body.u32();
    if (locals > MAX_LOCALS) throw new ComponentError('component-too-complex', `more than ${MAX_LOCALS} locals`);
    readCoreValueType(body);
  }
  instructions.spend(readInstructions(body));
  body.end('a function');
}

const ELEMENT = { notActive: 1, explicit: 2, expressions: 4 } as const;
const ELEMENT_KIND_FUNC = 0x00;

/** One element segment, in any of its eight forms (core specification 5.5.12); how many entries it has. */
export function readElement(reader: BinaryReader, bounds: BodyBounds): number {
  const form = reader.u32();
  if (form > 7) throw new ComponentError('core-module-malformed', `an element segment of form ${form}`);
  if ((form & ELEMENT.notActive) === 0) {
    if ((form & ELEMENT.explicit) !== 0) reader.u32();
    skipConstant(reader, bounds);
  }
  const expressions = (form & ELEMENT.expressions) !== 0;
  if ((form & (ELEMENT.notActive | ELEMENT.explicit)) !== 0) {
    if (expressions) readReferenceType(reader);
    else if (reader.u8() !== ELEMENT_KIND_FUNC)
      throw new ComponentError('core-module-malformed', 'an element segment of an unknown kind');
  }
  const count = reader.count(MAX_CORE_ENTRIES);
  for (let left = count; left > 0; left--) {
    if (expressions) skipConstant(reader, bounds);
    else reader.u32();
  }
  return count;
}

/** One data segment: active, passive, or active with its memory named; how many bytes it has. */
export function readData(reader: BinaryReader, bounds: BodyBounds): number {
  const form = reader.u32();
  if (form > 2) throw new ComponentError('core-module-malformed', `a data segment of form ${form}`);
  if (form === 2) readMemoryIndex(reader);
  if (form !== 1) skipConstant(reader, bounds);
  const bytes = reader.u32();
  reader.skip(bytes);
  return bytes;
}

function skipConstant(reader: BinaryReader, { importedGlobals, instructions }: BodyBounds): void {
  instructions.spend(readConstant(reader, importedGlobals));
}
