// Reads a core module to its last byte: what linking and capping need is kept, and every instruction and type is held against the closed
// list. Never says that a module is valid, which is the engine's to judge; says that it is made of nothing but what may run here.

import { BinaryReader } from '../binary/binary-reader.ts';
import { Budget } from '../binary/budget.ts';
import { ComponentError } from '../component-error.ts';
import { MAX_CORE_ENTRIES, MAX_CORE_INSTRUCTIONS } from '../limits.ts';
import type { CoreExternType, CoreFuncType, GlobalType, Limits, TableType } from './core-types.ts';
import { coreTypeAt, readCoreExtern, readCoreFuncType, readMemoryLimits, readTableType } from './core-types.ts';
import { readData, readElement, readFunctionBody, readGlobal } from './read-bodies.ts';

export interface CoreImport {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

export type CoreExport = CoreExternType & { readonly name: string };

/** A section by its place: `bytes.subarray(start, end)` is its body. */
export interface CoreSection {
  readonly id: number;
  /** False for custom sections that say nothing that we want the engine to hear: all but the names of functions, for traces. */
  readonly forEngine: boolean;
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
  /** What each instance of it sets up: globals, entries of element segments, and data, an entry for so many bytes. */
  readonly initialEntries: number;
}

/** What is kept, and how many instructions are walked: counted over all modules of one component, never refilled. */
export interface CoreBudget {
  readonly entries: Budget;
  readonly instructions: Budget;
}

export function newCoreBudget(): CoreBudget {
  return {
    entries: new Budget(MAX_CORE_ENTRIES, 'core definitions'),
    instructions: new Budget(MAX_CORE_INSTRUCTIONS, 'instructions'),
  };
}

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;
/** Sections in the order in which they must stand: data count (12) before code (10). */
const SECTION_ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];
const NAME_SECTION = 'name';
const MAX_TABLES = 100;
const DATA_BYTES_PER_ENTRY = 128;

/** Every byte of the module is understood before the engine sees one. Errors: `ComponentErrorCode`. */
export function readCoreModule(bytes: Uint8Array, budget: CoreBudget = newCoreBudget()): CoreModule {
  const reader = new BinaryReader(bytes);
  if (!PREAMBLE.every((byte) => reader.u8() === byte)) {
    throw new ComponentError('core-module-malformed', 'the preamble is not that of a core module');
  }
  const sections: CoreSection[] = [];
  const found = new Found();
  let last = -1;
  while (reader.remaining > 0) {
    const id = reader.u8();
    const body = reader.within(reader.u32());
    const place = { id, start: reader.offset - body.remaining, end: reader.offset };
    if (id === SECTION.custom) {
      sections.push({ ...place, forEngine: body.name() === NAME_SECTION });
      continue;
    }
    sections.push({ ...place, forEngine: true });
    if (id === SECTION.tag) throw new ComponentError('core-feature-not-supported', 'tags: exceptions do not run here');
    const turn = SECTION_ORDER.indexOf(id);
    // Two sections of one kind, or one out of order, could be read as one thing here and another by the engine.
    if (turn <= last) throw new ComponentError('core-module-malformed', `section ${id} is unknown or out of order`);
    last = turn;
    readSection(id, body, found, budget);
    body.end(`core section ${id}`);
    if (found.memories.length + found.importedMemories > 1)
      throw new ComponentError('memories-too-many', 'a module with more than one memory');
  }
  const { imports, exports, memories, tables, initialEntries } = found;
  requireSame('function bodies', found.bodies, found.functions.length - found.importedFunctions);
  requireSame('data segments', found.segments, found.announcedSegments ?? found.segments);
  return { bytes, sections, imports, exports, memories, tables, initialEntries };
}

class Found {
  readonly types: CoreFuncType[] = [];
  readonly imports: CoreImport[] = [];
  /** Type of every function, imported ones first. */
  readonly functions: CoreFuncType[] = [];
  readonly memories: Limits[] = [];
  readonly tables: TableType[] = [];
  readonly exports: CoreExport[] = [];
  /** By index, imported ones first. */
  readonly allMemories: Limits[] = [];
  readonly allTables: TableType[] = [];
  readonly globals: GlobalType[] = [];
  importedFunctions = 0;
  importedGlobals = 0;
  importedMemories = 0;
  bodies = 0;
  segments = 0;
  initialEntries = 0;
  announcedSegments: number | undefined = undefined;
}

function requireSame(what: string, counted: number, announced: number): void {
  if (counted !== announced)
    throw new ComponentError('core-module-malformed', `${counted} ${what}, ${announced} were announced`);
}

function readSection(id: number, reader: BinaryReader, found: Found, { entries, instructions }: CoreBudget): void {
  const typeAt = (index: number): CoreFuncType => coreTypeAt(found.types, index);
  const bounds = { importedGlobals: found.importedGlobals, instructions };
  const each = (entry: () => void, max = MAX_CORE_ENTRIES): void => {
    for (let left = reader.count(max); left > 0; left--) entry();
  };
  switch (id) {
    case SECTION.type:
      return each(() => {
        const type = readCoreFuncType(reader);
        entries.spend(1 + type.params.length + type.results.length);
        found.types.push(type);
      });
    case SECTION.import:
      return each(() => {
        entries.spend();
        const imported = { module: reader.name(), name: reader.name(), type: readCoreExtern(reader, typeAt) };
        found.imports.push(imported);
        noteImport(imported.type, found);
      });
    case SECTION.function:
      return each(() => {
        entries.spend();
        found.functions.push(typeAt(reader.u32()));
      });
    case SECTION.table:
      return each(() => {
        const table = readTableType(reader);
        found.tables.push(table);
        found.allTables.push(table);
      }, MAX_TABLES);
    case SECTION.memory:
      return each(() => {
        const memory = readMemoryLimits(reader);
        found.memories.push(memory);
        found.allMemories.push(memory);
      }, 1000);
    case SECTION.global:
      return each(() => {
        entries.spend();
        found.initialEntries++;
        found.globals.push(readGlobal(reader, bounds));
      });
    case SECTION.export:
      return each(() => {
        entries.spend();
        found.exports.push(readExport(reader, found));
      });
    case SECTION.start:
      return void reader.u32();
    case SECTION.element:
      return each(() => {
        found.initialEntries += readElement(reader, bounds);
      });
    case SECTION.dataCount:
      found.announcedSegments = reader.u32();
      return;
    case SECTION.code:
      return each(() => {
        const type = found.functions[found.importedFunctions + found.bodies];
        if (type === undefined) throw new ComponentError('core-module-malformed', 'a body without a function');
        readFunctionBody(reader, type, instructions);
        found.bodies++;
      });
    default:
      return each(() => {
        found.initialEntries += Math.ceil(readData(reader, bounds) / DATA_BYTES_PER_ENTRY);
        found.segments++;
      });
  }
}

function noteImport(type: CoreExternType, found: Found): void {
  switch (type.kind) {
    case 'func':
      found.functions.push(type.type);
      found.importedFunctions++;
      return;
    case 'table':
      found.allTables.push(type.limits);
      return;
    case 'memory':
      found.allMemories.push(type.limits);
      found.importedMemories++;
      return;
    case 'global':
      found.globals.push(type.globalType);
      found.importedGlobals++;
  }
}

const EXPORT_KINDS = ['func', 'table', 'memory', 'global'] as const;
const EXPORTED_TAG = 4;

function readExport(reader: BinaryReader, found: Found): CoreExport {
  const name = reader.name();
  const code = reader.u8();
  const kind = EXPORT_KINDS[code];
  const index = reader.u32();
  if (code === EXPORTED_TAG)
    throw new ComponentError('core-feature-not-supported', 'a tag: exceptions do not run here');
  if (kind === undefined) throw new ComponentError('core-module-malformed', 'an export of an unknown kind');
  switch (kind) {
    case 'func':
      return { name, kind, type: entry(found.functions, index, 'function') };
    case 'table':
      return { name, kind, limits: entry(found.allTables, index, 'table') };
    case 'memory':
      return { name, kind, limits: entry(found.allMemories, index, 'memory') };
    case 'global':
      return { name, kind, globalType: entry(found.globals, index, 'global') };
  }
}

function entry<Type>(space: readonly Type[], index: number, what: string): Type {
  const type = space[index];
  if (type === undefined) throw new ComponentError('index-out-of-range', `${what} ${index} of ${space.length}`);
  return type;
}
