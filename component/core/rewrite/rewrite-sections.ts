// Rewrites the sections around the code of a metered module: what is added to them, and the indices that move. Never reads a body.

import type { BinaryReader } from '../../binary/binary-reader.ts';
import { ComponentError } from '../../component-error.ts';
import { MAX_CORE_ENTRIES } from '../../limits.ts';
import { ByteSink } from './byte-sink.ts';
import { METER_IMPORTS, METER_MODULE } from './meter-cell.ts';
import type { ModuleShape } from './module-shape.ts';
import { V128 } from './module-shape.ts';

const I64 = 0x7e;
const FUNCTION_TYPE = 0x60;
const IMPORT = { func: 0x00, global: 0x03 } as const;
const MUTABLE = 1;
const ENCODER = new TextEncoder();

/** Writes the rewritten body of a section. */
export type SectionRewrite = (reader: BinaryReader, out: ByteSink, shape: ModuleShape) => void;

/** After the module's own types: of what asks for fuel, then of blocks. Only when all bodies are written is it known which. */
export const rewriteTypes: SectionRewrite = (reader, out, { addedResults }) => {
  out.u32(reader.count(MAX_CORE_ENTRIES) + 1 + addedResults.length);
  out.append(reader.bytes(reader.remaining));
  out.put([FUNCTION_TYPE, 1, I64, 1, I64]);
  for (const results of addedResults) {
    out.put([FUNCTION_TYPE, 0]);
    out.append(results);
  }
};

export const rewriteImports: SectionRewrite = (reader, out, shape) => {
  const count = reader.remaining === 0 ? 0 : reader.count(MAX_CORE_ENTRIES);
  out.u32(count + 3);
  const start = reader.offset;
  for (let left = count; left > 0; left--) noteImport(reader, shape);
  out.append(reader.since(start));
  writeName(out, METER_MODULE);
  writeName(out, METER_IMPORTS.cell);
  out.put([IMPORT.global, I64, MUTABLE]);
  for (const name of [METER_IMPORTS.spent, METER_IMPORTS.wait]) {
    writeName(out, METER_MODULE);
    writeName(out, name);
    out.u8(IMPORT.func);
    out.u32(shape.askType);
  }
};

export const rewriteFunctions: SectionRewrite = (reader, out, { askType }) => {
  out.u32(reader.count(MAX_CORE_ENTRIES) + 1);
  out.u32(askType);
  out.append(reader.bytes(reader.remaining));
};

export const rewriteGlobals: SectionRewrite = (reader, out, shape) => {
  const count = reader.count(MAX_CORE_ENTRIES);
  out.u32(count);
  for (let left = count; left > 0; left--) {
    noteType(reader.peek(), shape);
    out.append(reader.bytes(2));
    copyConstant(reader, out, shape);
  }
};

export const rewriteExports: SectionRewrite = (reader, out, shape) => {
  const count = reader.count(MAX_CORE_ENTRIES);
  out.u32(count);
  for (let left = count; left > 0; left--) {
    const name = reader.bytes(reader.u32());
    out.u32(name.length);
    out.append(name);
    const kind = reader.u8();
    const index = reader.u32();
    out.u8(kind);
    if (kind === IMPORT.func) out.u32(shape.movedFunction(index));
    else out.u32(kind === IMPORT.global ? shape.movedGlobal(index) : index);
  }
};

export const rewriteStart: SectionRewrite = (reader, out, shape) => {
  out.u32(shape.movedFunction(reader.u32()));
};

const ELEMENT = { notActive: 1, explicit: 2, expressions: 4 } as const;

export const rewriteElements: SectionRewrite = (reader, out, shape) => {
  const segments = reader.count(MAX_CORE_ENTRIES);
  out.u32(segments);
  for (let left = segments; left > 0; left--) {
    const form = reader.u32();
    out.u32(form);
    if ((form & ELEMENT.notActive) === 0) {
      if ((form & ELEMENT.explicit) !== 0) out.u32(reader.u32());
      copyConstant(reader, out, shape);
    }
    if ((form & (ELEMENT.notActive | ELEMENT.explicit)) !== 0) out.u8(reader.u8());
    const count = reader.count(MAX_CORE_ENTRIES);
    out.u32(count);
    for (let entry = 0; entry < count; entry++) {
      if ((form & ELEMENT.expressions) !== 0) copyConstant(reader, out, shape);
      else out.u32(shape.movedFunction(reader.u32()));
    }
  }
};

const NAMES = { module: 0, functions: 1 } as const;

/** The names of the module and of its functions, for traces. Nobody has read them before: of names that are malformed, none are kept. */
export const rewriteNames: SectionRewrite = (reader, out, shape) => {
  const title = reader.bytes(reader.u32());
  writeBytes(out, title);
  const names = new ByteSink(reader.remaining + 16);
  try {
    while (reader.remaining > 0) {
      const id = reader.u8();
      const part = reader.within(reader.u32());
      const rewritten = new ByteSink(part.remaining + 16);
      if (id === NAMES.module) rewritten.append(part.bytes(part.remaining));
      else if (id === NAMES.functions) renumberNames(part, rewritten, shape);
      else continue;
      names.u8(id);
      writeBytes(names, rewritten.view());
    }
  } catch (cause) {
    if (cause instanceof ComponentError) return;
    throw cause;
  }
  out.append(names.view());
};

function renumberNames(reader: BinaryReader, out: ByteSink, shape: ModuleShape): void {
  const count = reader.count(MAX_CORE_ENTRIES);
  out.u32(count);
  for (let left = count; left > 0; left--) {
    out.u32(shape.movedFunction(reader.u32()));
    writeBytes(out, reader.bytes(reader.u32()));
  }
  reader.end('names');
}

/** As `readConstant` walked it. */
function copyConstant(reader: BinaryReader, out: ByteSink, shape: ModuleShape): void {
  for (;;) {
    const opcode = reader.u8();
    out.u8(opcode);
    const start = reader.offset;
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0xd2: // ref.func
        out.u32(shape.movedFunction(reader.u32()));
        continue;
      case 0x41: // i32.const
        reader.skipS32();
        break;
      case 0x42: // i64.const
        reader.skipS64();
        break;
      case 0x43: // f32.const
        reader.skip(4);
        break;
      case 0x44: // f64.const
        reader.skip(8);
        break;
      case 0xd0: // ref.null
        reader.skip(1);
        break;
      case 0xfd: // v128.const
        reader.u32();
        reader.skip(16);
        break;
      case 0x6a: // i32.add, i32.sub, i32.mul, and the same of i64
      case 0x6b:
      case 0x6c:
      case 0x7c:
      case 0x7d:
      case 0x7e:
        continue;
      case 0x23: // global.get, of an import
        reader.u32();
        break;
      default: // arithmetic
    }
    out.append(reader.since(start));
  }
}

function noteImport(reader: BinaryReader, shape: ModuleShape): void {
  reader.skip(reader.u32());
  reader.skip(reader.u32());
  switch (reader.u8()) {
    case IMPORT.func:
      reader.u32();
      return;
    case IMPORT.global:
      noteType(reader.u8(), shape);
      reader.u8();
      return;
    case 0x01: // table
      reader.u8();
      return skipLimits(reader);
    default:
      return skipLimits(reader);
  }
}

function skipLimits(reader: BinaryReader): void {
  const flags = reader.u8();
  reader.u32();
  if (flags === 1) reader.u32();
}

function noteType(type: number, shape: ModuleShape): void {
  if (type === V128) shape.vectors = true;
}

function writeName(out: ByteSink, name: string): void {
  writeBytes(out, ENCODER.encode(name));
}

function writeBytes(out: ByteSink, bytes: Uint8Array): void {
  out.u32(bytes.length);
  out.append(bytes);
}
