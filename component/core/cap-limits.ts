// Writes the granted maximum into a core module's memory and tables, so that memory.grow fails at the grant, and leaves out what the
// engine has no need of. Never raises a limit.

import { concatBytes } from '../../contracts/core/bytes.ts';
import { encodeU32 } from '../binary/binary-reader.ts';
import { ComponentError } from '../component-error.ts';
import { TABLE_ENTRIES_MAX } from '../../contracts/core/limits.ts';
import type { Limits, TableType } from './core-types.ts';
import { EXTERNREF, FUNCREF } from './core-types.ts';
import type { CoreModule } from './read-core-module.ts';

const PREAMBLE_BYTES = 8;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;

/**
 * The module's bytes with its memory's maximum at most `memoryPages` (64 KiB each) and each table's at most its number of
 * `tableEntries`, in their order, and without custom sections, names apart: engines take hints to their compilers from there. Heap limits of the engine do not bound wasm memory: measured, a guest reached 4 GiB under them.
 * Errors: `memory-over-limit`, `table-over-limit`.
 */
export function capLimits(module: CoreModule, memoryPages: number, tableEntries: readonly number[]): Uint8Array {
  checkImports(module, memoryPages);
  const parts: Uint8Array[] = [];
  let copied = 0;
  let sectionHead = PREAMBLE_BYTES;
  for (const { id, end, forEngine } of module.sections) {
    const body = cappedSection(module, id, memoryPages, tableEntries);
    if (!forEngine || body !== undefined) {
      parts.push(module.bytes.subarray(copied, sectionHead));
      if (body !== undefined) parts.push(Uint8Array.from([id, ...encodeU32(body.length)]), body);
      copied = end;
    }
    sectionHead = end;
  }
  return concatBytes(...parts, module.bytes.subarray(copied));
}

/** Memories and tables that a module imports have their bounds from whoever brings them; what it wants of them has to be possible. */
export function checkImports({ imports }: CoreModule, memoryPages: number): void {
  for (const { type } of imports) {
    if (type.kind === 'memory') capped(type.limits, memoryPages, 'memory-over-limit');
    if (type.kind === 'table') capped(type.limits, TABLE_ENTRIES_MAX, 'table-over-limit');
  }
}

/** The body of the memory or table section under its caps; `undefined` for any other section. */
export function cappedSection(
  { memories, tables }: CoreModule,
  id: number,
  memoryPages: number,
  tableEntries: readonly number[],
): Uint8Array | undefined {
  if (id === MEMORY_SECTION) {
    const entries = memories.flatMap((limits) => encodeLimits(capped(limits, memoryPages, 'memory-over-limit')));
    return Uint8Array.from([...encodeU32(memories.length), ...entries]);
  }
  if (id !== TABLE_SECTION) return undefined;
  const entries = tables.flatMap((table, index) => encodeTable(table, tableEntries[index] ?? 0));
  return Uint8Array.from([...encodeU32(tables.length), ...entries]);
}

function capped(limits: Limits, cap: number, code: 'memory-over-limit' | 'table-over-limit'): Limits {
  if (limits.initial > cap) {
    const details = { initial: limits.initial, cap };
    throw new ComponentError(code, `${limits.initial} at the start, ${cap} allowed`, { details });
  }
  return { initial: limits.initial, maximum: Math.min(limits.maximum ?? cap, cap) };
}

function encodeTable(table: TableType, entries: number): number[] {
  const limits = capped(table, entries, 'table-over-limit');
  return [table.element === 'funcref' ? FUNCREF : EXTERNREF, ...encodeLimits(limits)];
}

function encodeLimits({ initial, maximum }: Limits): number[] {
  return maximum === undefined ? [0x00, ...encodeU32(initial)] : [0x01, ...encodeU32(initial), ...encodeU32(maximum)];
}
