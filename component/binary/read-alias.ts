// Reads aliases and sorts (Binary.md, "Instance Definitions" and "Alias Definitions"). Never follows one.

import { ComponentError } from '../component-error.ts';
import type { Alias, CoreSort, Sort } from '../definitions.ts';
import { MAX_NESTING } from '../limits.ts';
import type { BinaryReader } from './binary-reader.ts';

const CORE_SORTS: ReadonlyMap<number, CoreSort | 'core-type' | 'module' | 'instance'> = new Map([
  [0x00, 'func'],
  [0x01, 'table'],
  [0x02, 'memory'],
  [0x03, 'global'],
  [0x04, 'tag'],
  [0x10, 'core-type'],
  [0x11, 'module'],
  [0x12, 'instance'],
]);
const SORTS: ReadonlyMap<number, Sort> = new Map([
  [0x01, 'func'],
  [0x03, 'type'],
  [0x04, 'component'],
  [0x05, 'instance'],
]);

/** A core sort that a core instance can export. */
export function readCoreSort(reader: BinaryReader): CoreSort {
  return coreExportSort(CORE_SORTS.get(reader.u8()));
}

/** The sort of a component-level item: of the core sorts, modules alone. */
export function readSort(reader: BinaryReader): Sort {
  const sort = readAnySort(reader);
  if (sort.core && sort.sort === 'module') return 'module';
  if (sort.core)
    throw new ComponentError('component-malformed', `a core ${sort.sort} where a component's item is wanted`);
  return sort.sort;
}

export function readAlias(reader: BinaryReader): Alias {
  const sort = readAnySort(reader);
  const target = reader.u8();
  if (target === 0x00) {
    const instance = reader.u32();
    if (sort.core && sort.sort !== 'module')
      throw new ComponentError('component-malformed', 'a core sort of an instance');
    return { kind: 'export', sort: sort.core ? 'module' : sort.sort, instance, name: reader.name() };
  }
  if (target === 0x01) {
    if (!sort.core) throw new ComponentError('component-malformed', 'a component sort of a core instance');
    return { kind: 'core-export', sort: coreExportSort(sort.sort), instance: reader.u32(), name: reader.name() };
  }
  if (target !== 0x02) throw new ComponentError('component-malformed', `alias target 0x${target.toString(16)}`);
  const count = reader.u32();
  if (count > MAX_NESTING) throw new ComponentError('index-out-of-range', `an alias ${count} levels outward`);
  return { kind: 'outer', sort: outerSort(sort), count, index: reader.u32() };
}

type AnySort =
  | { readonly core: true; readonly sort: CoreSort | 'core-type' | 'module' | 'instance' }
  | { readonly core: false; readonly sort: Sort };

function readAnySort(reader: BinaryReader): AnySort {
  const code = reader.u8();
  if (code === 0x00) {
    const sort = CORE_SORTS.get(reader.u8());
    if (sort === undefined) throw new ComponentError('component-malformed', 'a core sort that is none');
    return { core: true, sort };
  }
  if (code === 0x02) throw new ComponentError('feature-not-supported', 'the sort of values');
  const sort = SORTS.get(code);
  if (sort === undefined) throw new ComponentError('component-malformed', `sort 0x${code.toString(16)}`);
  return { core: false, sort };
}

function coreExportSort(sort: CoreSort | 'core-type' | 'module' | 'instance' | undefined): CoreSort {
  if (sort === undefined || sort === 'core-type' || sort === 'module' || sort === 'instance') {
    throw new ComponentError('component-malformed', `a core instance exports no ${sort ?? 'such sort'}`);
  }
  return sort;
}

/** Only what never changes may be reached from inside: types, modules and components. */
function outerSort(sort: AnySort): Sort | 'core-type' {
  if (sort.core && (sort.sort === 'module' || sort.sort === 'core-type')) return sort.sort;
  if (!sort.core && (sort.sort === 'type' || sort.sort === 'component')) return sort.sort;
  throw new ComponentError('component-malformed', `an outer alias of a ${sort.sort}`);
}
