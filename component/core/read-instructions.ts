// Walks one expression, instruction by instruction, to the end that closes it: nothing off the closed list passes, and the lengths are the
// engine's. Never judges types or indices, which is the engine's validation; never recurses, never sets anything aside for an instruction.

import type { BinaryReader } from '../binary/binary-reader.ts';
import { ComponentError } from '../component-error.ts';
import { MAX_BRANCH_TABLE } from '../limits.ts';
import { readCoreValueType, readReferenceType } from './core-types.ts';
import type { OpcodeTable } from './opcodes.ts';
import { BODY_OPCODES, CONSTANT_OPCODES, IMMEDIATE, REFUSED } from './opcodes.ts';

const EMPTY_BLOCK = 0x40;
const GLOBAL_GET = 0x23;
/** 2 to the power of 4 is the width of a vector: no access is aligned to more. */
const MAX_ALIGNMENT = 4;
/** In the place of the alignment: an index of a memory follows (multi-memory). */
const MEMORY_INDEX_FOLLOWS = 0x40;

/**
 * A function's instructions, its `end` included; how many they were.
 * Errors: `core-opcode-not-allowed` (opcode and offset in details), `core-type-not-allowed`, `core-feature-not-supported`, `core-module-malformed`, and
 * those of the reader.
 */
export function readInstructions(reader: BinaryReader): number {
  let count = 0;
  for (let depth = 1; depth > 0; count++) {
    const immediate = readOpcode(reader, BODY_OPCODES);
    if (immediate === IMMEDIATE.block) depth++;
    else if (immediate === IMMEDIATE.end) depth--;
    skipImmediate(reader, immediate);
  }
  return count;
}

/** A constant expression, its `end` included; how many instructions they were. Errors: as `readInstructions`. */
export function readConstant(reader: BinaryReader, importedGlobals: number): number {
  for (let count = 1; ; count++) {
    const opcode = reader.peek();
    const at = reader.position;
    const immediate = readOpcode(reader, CONSTANT_OPCODES);
    if (immediate === IMMEDIATE.end) return count;
    if (opcode !== GLOBAL_GET) {
      skipImmediate(reader, immediate);
      continue;
    }
    const index = reader.u32();
    if (index >= importedGlobals) {
      const details = { offset: at };
      throw new ComponentError('core-feature-not-supported', `a constant of global ${index}, not imported`, {
        details,
      });
    }
  }
}

/** What follows the opcode that was read. */
function readOpcode(reader: BinaryReader, { oneByte, numeric, vector }: OpcodeTable): number {
  const at = reader.position;
  const opcode = reader.u8();
  const immediate = oneByte[opcode] ?? REFUSED;
  if (immediate === REFUSED) throw notAllowed(at, hex(opcode));
  if (immediate < IMMEDIATE.numeric) return immediate;
  const second = reader.u32();
  const after = (immediate === IMMEDIATE.numeric ? numeric : vector)[second] ?? REFUSED;
  if (after === REFUSED) throw notAllowed(at, `${hex(opcode)} ${hex(second)}`);
  return after;
}

function skipImmediate(reader: BinaryReader, immediate: number): void {
  switch (immediate) {
    case IMMEDIATE.none:
    case IMMEDIATE.else:
    case IMMEDIATE.end:
      return;
    case IMMEDIATE.block:
      return skipBlockType(reader);
    case IMMEDIATE.index:
      reader.u32();
      return;
    case IMMEDIATE.indexPair:
      reader.u32();
      reader.u32();
      return;
    case IMMEDIATE.branchTable:
      for (let left = reader.count(MAX_BRANCH_TABLE); left >= 0; left--) reader.u32();
      return;
    case IMMEDIATE.selectTypes:
      if (reader.u32() !== 1) throw malformed(reader, 'a select of other than one type');
      readCoreValueType(reader);
      return;
    case IMMEDIATE.memory:
      return skipMemoryArgument(reader);
    case IMMEDIATE.memoryAndLane:
      skipMemoryArgument(reader);
      reader.skip(1);
      return;
    case IMMEDIATE.memoryIndex:
      return readMemoryIndex(reader);
    case IMMEDIATE.memoryIndexPair:
      readMemoryIndex(reader);
      return readMemoryIndex(reader);
    case IMMEDIATE.indexAndMemoryIndex:
      reader.u32();
      return readMemoryIndex(reader);
    case IMMEDIATE.i32:
      return reader.skipS32();
    case IMMEDIATE.i64:
      return reader.skipS64();
    case IMMEDIATE.bytes4:
      return reader.skip(4);
    case IMMEDIATE.bytes8:
      return reader.skip(8);
    case IMMEDIATE.bytes16:
      return reader.skip(16);
    case IMMEDIATE.lane:
      return reader.skip(1);
    default:
      readReferenceType(reader);
  }
}

/** Empty, a value type, or the index of a type as a non-negative number of 33 bits (core specification 5.4.1). */
function skipBlockType(reader: BinaryReader): void {
  const first = reader.peek();
  if (first === EMPTY_BLOCK) reader.skip(1);
  // 0x40 to 0x7f is a negative number of one byte: a type's own code.
  else if (first >= 0x40 && first < 0x80) readCoreValueType(reader);
  else reader.skipNonNegativeS33();
}

function skipMemoryArgument(reader: BinaryReader): void {
  const at = reader.position;
  const alignment = reader.u32();
  if ((alignment & MEMORY_INDEX_FOLLOWS) !== 0) throw secondMemory(at);
  // Higher bits are where later proposals put theirs, and would change what follows.
  if (alignment > MAX_ALIGNMENT) throw malformed(reader, `an alignment of 2^${alignment}`);
  reader.u32();
}

/** Of a memory, of which there is one: core modules with more are refused by their count as well. */
export function readMemoryIndex(reader: BinaryReader): void {
  const at = reader.position;
  if (reader.u32() !== 0) throw secondMemory(at);
}

function secondMemory(offset: number): ComponentError {
  return new ComponentError('core-feature-not-supported', 'the index of a second memory', { details: { offset } });
}

function malformed(reader: BinaryReader, what: string): ComponentError {
  return new ComponentError('core-module-malformed', what, { details: { offset: reader.position } });
}

function notAllowed(offset: number, opcode: string): ComponentError {
  const message = `the instruction ${opcode} at byte ${offset} is not of those that run here`;
  return new ComponentError('core-opcode-not-allowed', message, { details: { opcode, offset } });
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
