// Core modules of one link: checked against what they import, capped together, compiled before any of them runs.

import type { CoreCallable } from '../../component/abi/context.ts';
import { GuestMemory } from '../../component/abi/guest-memory.ts';
import { ComponentError } from '../../component/component-error.ts';
import { capLimits } from '../../component/core/cap-limits.ts';
import { describeCoreFunc, sameCoreFunc } from '../../component/core/core-types.ts';
import type { CoreExport, CoreImport, CoreModule } from '../../component/core/read-core-module.ts';
import { MAX_TABLE_ENTRIES } from '../../component/limits.ts';
import { allotLimits } from './allot-limits.ts';
import type { CoreInstance, CoreItem } from './items.ts';

/** A module that will be instantiated: its exports are known by type, its values after `run`. */
interface Planned {
  readonly module: CoreModule;
  readonly imports: readonly { readonly from: CoreImport; readonly item: CoreItem }[];
  readonly exports: ReadonlyMap<string, CoreItem>;
}

export class CoreModules {
  readonly #planned: Planned[] = [];

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
   * Caps all memories so that together they stay within `pages`, all tables within `MAX_TABLE_ENTRIES`, and compiles everything. The returned functions
   * instantiate, in the order of planning; before the first is called no guest instruction has run.
   * Errors: `memory-over-limit`, `table-over-limit`, `engine-refused`.
   */
  compile(pages: number): readonly (() => void)[] {
    const modules = this.#planned.map(({ module }) => module);
    const memories = allotLimits(
      modules.flatMap((module) => module.memories),
      pages,
      'memory-over-limit',
    ).values();
    const tables = allotLimits(
      modules.flatMap((module) => module.tables),
      MAX_TABLE_ENTRIES,
      'table-over-limit',
    ).values();
    const compiled = new Map<string, WebAssembly.Module>();
    return this.#planned.map((planned, index) => {
      const { module: read } = planned;
      // A module that imports its memory may name any bound: the memory itself has its own.
      const [cap = pages] = read.memories.map(() => memories.next().value);
      const entries = read.tables.map(() => tables.next().value ?? 0);
      const key = `${modules.indexOf(read)}:${cap}:${entries.join()}`;
      const module = compiled.get(key) ?? compileModule(capLimits(read, cap, entries), index);
      compiled.set(key, module);
      return () => instantiate(module, planned);
    });
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
  return item;
}

function lateItem(exported: CoreExport): CoreItem {
  if (exported.kind === 'func') return { sort: 'func', type: exported.type, late: { callable: undefined } };
  if (exported.kind === 'memory') return { sort: 'memory', memory: new GuestMemory(), late: { value: undefined } };
  return { sort: exported.kind, late: { value: undefined } };
}

function compileModule(bytes: Uint8Array, index: number): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw new ComponentError('engine-refused', `core module ${index}: ${String(cause)}`, { cause });
  }
}

function instantiate(module: WebAssembly.Module, { imports, exports }: Planned): void {
  const given = createDictionary<WebAssembly.Imports[string]>();
  for (const { from, item } of imports) {
    const value = item.sort === 'func' ? item.late.callable : item.late.value;
    if (value === undefined)
      throw new ComponentError('core-link-mismatch', `${from.module} ${from.name} does not exist yet`);
    (given[from.module] ??= createDictionary())[from.name] = value;
  }
  const instance = newInstance(module, given);
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
