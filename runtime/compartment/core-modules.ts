// Core modules of one link: checked against what they import, capped together, compiled before any of them runs.

import type { MemoryUse } from '../../host-apis/stubs/usage-teller.ts';
import type { CoreCallable } from '../../component/abi/context.ts';
import { WASM_PAGE_BYTES } from '../../contracts/core/limits.ts';
import { GuestMemory } from '../../component/abi/guest-memory.ts';
import { ComponentError } from '../../component/component-error.ts';
import { describeCoreFunc, limitsFit, sameCoreFunc } from '../../component/core/core-types.ts';
import type { CoreExport, CoreImport, CoreModule } from '../../component/core/read-core-module.ts';
import { METER_MODULE } from '../../component/core/rewrite/meter-cell.ts';
import { rewriteModule } from '../../component/core/rewrite-module.ts';
import { TABLE_ENTRIES_MAX } from '../../contracts/core/limits.ts';
import { allotLimits } from './allot-limits.ts';
import type { CoreInstance, CoreItem } from './items.ts';
import type { KeptComponents } from './kept-components.ts';
import type { Meter } from './meter.ts';

/** A module that will be instantiated: its exports are known by type, its values after `run`. */
interface Planned {
  readonly module: CoreModule;
  readonly imports: readonly { readonly from: CoreImport; readonly item: CoreItem }[];
  readonly exports: ReadonlyMap<string, CoreItem>;
}

/** How all core modules of a link are made to run. */
export interface CoreLimits {
  /** All memories together, in pages of 64 KiB. */
  readonly memoryPages: number;
  readonly meter?: Meter;
  readonly canonicalNan?: true;
  readonly kept?: KeptComponents;
}

export class CoreModules {
  readonly #planned: Planned[] = [];
  readonly #memories: GuestMemory[] = [];
  /** Of memories and tables that no export shows: what they may have, for their size is hidden from everybody outside. */
  #hiddenBytes = 0;
  #tableEntries = 0;

  /** What the guest's memories and tables take now. */
  use(): MemoryUse {
    let memoryBytes = this.#hiddenBytes;
    for (const memory of this.#memories) memoryBytes += memory.bytes().length;
    return { memoryBytes, tableEntries: this.#tableEntries };
  }

  /** Plans an instance. Errors: `core-link-mismatch`. */
  plan(module: CoreModule, args: ReadonlyMap<string, CoreInstance>): CoreInstance {
    const imports = module.imports.map((from) => ({
      from,
      item: matchCore(from, args.get(from.module)?.get(from.name)),
    }));
    const exports = new Map(module.exports.map((exported) => [exported.name, lateItem(exported)]));
    this.#planned.push({ module, imports, exports });
    return exports;
  }

  /**
   * Caps all memories so that together they stay within `memoryPages`, all tables within `TABLE_ENTRIES_MAX`, meters what is to be metered, and compiles
   * everything. The returned functions instantiate, in the order of planning; before the first is called no guest instruction has run.
   * Errors: as `rewriteModule`, and `engine-refused`.
   */
  compile({ memoryPages: pages, meter, canonicalNan, kept }: CoreLimits): readonly (() => void)[] {
    const modules = this.#planned.map(({ module }) => module);
    const memories = allotLimits(
      modules.flatMap((module) => module.memories),
      pages,
      'memory-over-limit',
    ).values();
    const tables = allotLimits(
      modules.flatMap((module) => module.tables),
      TABLE_ENTRIES_MAX,
      'table-over-limit',
    ).values();
    const how = { ...(meter && { meter: true as const }), ...(canonicalNan && { canonicalNan }) };
    const added = meter === undefined ? {} : { [METER_MODULE]: meter.imports };
    const compiled = new Map<string, WebAssembly.Module>();
    return this.#planned.map((planned, index) => {
      const { module: read } = planned;
      // A module that imports its memory may name any bound: the memory itself has its own.
      const [cap = pages] = read.memories.map(() => memories.next().value);
      const entries = read.tables.map(() => tables.next().value ?? 0);
      this.#watch(planned, cap, entries);
      const key = `${modules.indexOf(read)}:${cap}:${entries.join()}`;
      const rewriting = { memoryPages: cap, tableEntries: entries, ...how };
      const compile = (): WebAssembly.Module => compileModule(rewriteModule(read, rewriting), index);
      const keep = (): WebAssembly.Module =>
        kept === undefined ? compile() : kept.compiled(read, JSON.stringify(rewriting), compile);
      const module = compiled.get(key) ?? keep();
      compiled.set(key, module);
      return () => instantiate(module, planned, added);
    });
  }

  #watch({ module, exports }: Planned, memoryPages: number, tableEntries: readonly number[]): void {
    for (const entries of tableEntries) this.#tableEntries += entries;
    // A module has one memory at the most: what it exports is its own, or the one that it imports.
    if (module.memories.length === 0) return;
    const shown = [...exports.values()].find((item) => item.sort === 'memory');
    if (shown === undefined) this.#hiddenBytes += memoryPages * WASM_PAGE_BYTES;
    else this.#memories.push(shown.memory);
  }
}

function matchCore(from: CoreImport, item: CoreItem | undefined): CoreItem {
  const name = `${from.module} ${from.name}`;
  if (item === undefined) throw new ComponentError('core-link-mismatch', `${name} is not given`);
  if (item.sort !== from.type.kind)
    throw new ComponentError('core-link-mismatch', `${name} is a ${item.sort}, a ${from.type.kind} is wanted`);
  // The engine would convert arguments between types without a word, and hand the glue other values than it was built for.
  if (item.sort === 'func' && from.type.kind === 'func' && !sameCoreFunc(item.type, from.type.type)) {
    const types = `${describeCoreFunc(item.type)}, wanted ${describeCoreFunc(from.type.type)}`;
    throw new ComponentError('core-link-mismatch', `${name} has type ${types}`);
  }
  // The engine would say so, too, but only when modules before this one have begun to run.
  if (!fits(item, from)) throw new ComponentError('core-link-mismatch', `${name} is of another type or size`);
  return item;
}

function fits(item: CoreItem, { type: wanted }: CoreImport): boolean {
  if (item.sort === 'memory' && wanted.kind === 'memory') return limitsFit(item.limits, wanted.limits);
  if (item.sort === 'table' && wanted.kind === 'table')
    return item.limits.element === wanted.limits.element && limitsFit(item.limits, wanted.limits);
  if (item.sort === 'global' && wanted.kind === 'global')
    return item.globalType.type === wanted.globalType.type && item.globalType.isMutable === wanted.globalType.isMutable;
  return true;
}

function lateItem(exported: CoreExport): CoreItem {
  const late = { value: undefined };
  switch (exported.kind) {
    case 'func':
      return { sort: 'func', type: exported.type, late: { callable: undefined } };
    case 'memory':
      return { sort: 'memory', limits: exported.limits, memory: new GuestMemory(), late };
    case 'table':
      return { sort: 'table', limits: exported.limits, late };
    case 'global':
      return { sort: 'global', globalType: exported.globalType, late };
  }
}

function compileModule(bytes: Uint8Array, index: number): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new ComponentError('engine-refused', `core module ${index}: ${String(cause)}`, { cause });
  }
}

/** `added`: what a module gets besides its own imports, which are never from there. */
function instantiate(module: WebAssembly.Module, { imports, exports }: Planned, added: WebAssembly.Imports): void {
  const given = createDictionary<WebAssembly.Imports[string]>();
  for (const { from, item } of imports) {
    const value = item.sort === 'func' ? (item.late.importable ?? item.late.callable) : item.late.value;
    if (value === undefined)
      throw new ComponentError('core-link-mismatch', `${from.module} ${from.name} does not exist yet`);
    (given[from.module] ??= createDictionary())[from.name] = value;
  }
  // After the guest's own, so that none of its names stands in their place, and never into an object that others are linked with.
  const instance = newInstance(module, Object.assign(given, added));
  for (const [name, item] of exports) {
    const value = instance.exports[name];
    if (item.sort === 'func') item.late.callable = value as CoreCallable;
    else item.late.value = value;
    if (item.sort === 'memory') item.memory.attach(value as WebAssembly.Memory);
  }
}

function newInstance(module: WebAssembly.Module, imports: WebAssembly.Imports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    throw new ComponentError('core-link-mismatch', `the engine does not link it: ${cause.message}`, { cause });
  }
}

/** Without a prototype: a module may import a name like `__proto__`, and must then get what it was given. */
function createDictionary<V>(): Record<string, V> {
  return Object.create(null) as Record<string, V>;
}
