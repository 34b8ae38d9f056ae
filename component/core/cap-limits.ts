// Writes the granted maximum into a core module's memory and tables, so that memory.grow fails at the grant, and leaves out what the
// engine has no need of. Never raises a limit.

import { concatBytes } from '../../contracts/core/bytes.ts';
import { encodeU32 } from '../binary/binary-reader.ts';
import { ComponentError } from '../component-error.ts';
import { MAX_TABLE_ENTRIES } from '../limits.ts';
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
  for (const { type } of module.imports) {
    if (type.kind === 'memory') capped(type.limits, memoryPages, 'memory-over-limit');
    if (type.kind === 'table') capped(type.limits, MAX_TABLE_ENTRIES, 'table-over-limit');
  }
  const memories = module.memories.flatMap((limits) => encodeLimits(capped(limits, memoryPages, 'memory-over-limit')));
  const tables = module.tables.flatMap((table, index) => encodeTable(table, tableEntries[index] ?? 0));
  const parts: Uint8Array[] = [];
  let copied = 0;
  let sectionHead = PREAMBLE_BYTES;
  for (const { id, end, forEngine } of module.sections) {
    if (!forEngine) {
      parts.push(module.bytes.subarray(copied, sectionHead));
      copied = end;
    }
    if (id === MEMORY_SECTION || id === TABLE_SECTION) {
      const [count, entries] =
        id === MEMORY_SECTION ? [module.memories.length, memories] : [module.tables.length, tables];
      const body = [...encodeU32(count), ...entries];
      parts.push(module.bytes.subarray(copied, sectionHead), Uint8Array.from([id, ...encodeU32(body.length), ...body]));
      copied = end;
    }
    sectionHead = end;
  }
  return concatBytes(...parts, module.bytes.subarray(copied));
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
