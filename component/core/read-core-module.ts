// Reads of a core module what linking and capping need: types, imports, exports, memories, tables. The engine validates the code itself.

import { BinaryReader } from '../binary/binary-reader.ts';
import { ComponentError } from '../component-error.ts';
import { MAX_CORE_ENTRIES } from '../limits.ts';
import type { CoreExternType, CoreFuncType, Limits, TableType } from './core-types.ts';
import { coreTypeAt, readCoreExtern, readCoreFuncType, readMemoryLimits, readTableType } from './core-types.ts';

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

export type CoreExport =
  | { readonly name: string; readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly name: string; readonly kind: 'table' | 'memory' | 'global' | 'tag' };

/** A section by its place: `bytes.subarray(start, end)` is its body. */
export interface CoreSection {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface CoreModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly CoreSection[];
  readonly imports: readonly CoreImport[];
  readonly exports: readonly CoreExport[];
  /** Memories that the module brings, not those it imports. */
  readonly memories: readonly Limits[];
  readonly tables: readonly TableType[];
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** Sections in the order in which they must stand: tag (13) before global (6), data count (12) before code (10). */
const SECTION_ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const SECTION = { type: 1, import: 2, function: 3, table: 4, memory: 5, export: 7 } as const;
const MAX_TABLES = 100;

/** Errors: `ComponentErrorCode`. */
export function readCoreModule(bytes: Uint8Array): CoreModule {
  const reader = new BinaryReader(bytes);
  if (!PREAMBLE.every((byte) => reader.u8() === byte)) {
    throw new ComponentError('core-module-malformed', 'the preamble is not that of a core module');
  }
  const sections: CoreSection[] = [];
  const found: Found = { types: [], imports: [], functions: [], memories: [], tables: [], exports: [] };
  let last = -1;
  while (reader.remaining > 0) {
    const id = reader.u8();
    const length = reader.u32();
    const start = reader.offset;
    const body = reader.bytes(length);
    sections.push({ id, start, end: reader.offset });
    if (id === 0) continue;
    const place = SECTION_ORDER.indexOf(id);
    // Two sections of one kind, or one out of order, could be read as one thing here and another by the engine.
    if (place <= last) throw new ComponentError('core-module-malformed', `section ${id} is unknown or out of order`);
    last = place;
    readSection(id, body, found);
  }
  if (found.memories.length + found.imports.filter(({ type }) => type.kind === 'memory').length > 1) {
    throw new ComponentError('memories-too-many', 'a module with more than one memory');
  }
  const { imports, exports, memories, tables } = found;
  return { bytes, sections, imports, exports, memories, tables };
}

interface Found {
  readonly types: CoreFuncType[];
  readonly imports: CoreImport[];
  /** Type of every function, imported ones first. */
  readonly functions: CoreFuncType[];
  readonly memories: Limits[];
  readonly tables: TableType[];
  readonly exports: CoreExport[];
}

function readSection(id: number, body: Uint8Array, found: Found): void {
  const reader = new BinaryReader(body);
  const typeAt = (index: number): CoreFuncType => coreTypeAt(found.types, index);
  const entries = (entry: () => void, max: number): void => {
    for (let left = reader.count(max); left > 0; left--) entry();
    reader.end(`core section ${id}`);
  };
  switch (id) {
    case SECTION.type:
      return entries(() => found.types.push(readCoreFuncType(reader)), MAX_CORE_ENTRIES);
    case SECTION.import:
      return entries(() => {
        const imported = { module: reader.name(), name: reader.name(), type: readCoreExtern(reader, typeAt) };
        if (imported.type.kind === 'func') found.functions.push(imported.type.type);
        found.imports.push(imported);
      }, MAX_CORE_ENTRIES);
    case SECTION.function:
      return entries(() => found.functions.push(typeAt(reader.u32())), MAX_CORE_ENTRIES);
    case SECTION.table:
      return entries(() => found.tables.push(readTableType(reader)), MAX_TABLES);
    case SECTION.memory:
      return entries(() => found.memories.push(readMemoryLimits(reader)), 1000);
    case SECTION.export:
      return entries(() => found.exports.push(readExport(reader, found)), MAX_CORE_ENTRIES);
    default:
      // Globals, tags, elements, code and data are the engine's to judge: nothing here depends on them.
      return;
  }
}

const EXPORT_KINDS = ['func', 'table', 'memory', 'global', 'tag'] as const;

function readExport(reader: BinaryReader, found: Found): CoreExport {
  const name = reader.name();
  const kind = EXPORT_KINDS[reader.u8()];
  const index = reader.u32();
  if (kind === undefined) throw new ComponentError('core-module-malformed', 'an export of an unknown kind');
  if (kind !== 'func') return { name, kind };
  const type = found.functions[index];
  if (type === undefined)
    throw new ComponentError('index-out-of-range', `function ${index} of ${found.functions.length}`);
  return { name, kind, type };
}
