// The index spaces of one component instance (or of one type) while it is linked. An index that is not there is a refusal, never a guess.

import { layoutOf } from '../../component/abi/layout.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { CoreSort, Sort } from '../../component/definitions.ts';
import { MAX_ENTRIES } from '../../component/limits.ts';
import type { CoreInstance, CoreItem, Enclosing, Item, OuterScope, OuterSort, TypeEntry } from './items.ts';

export const NOTHING_AROUND: Enclosing = { scope: undefined, visible: { type: 0, component: 0, module: 0 } };

export class Scope implements OuterScope {
  readonly #enclosing: Enclosing;
  readonly #isComponent: boolean;
  readonly #items: Readonly<Record<Sort, Item[]>> = { func: [], type: [], component: [], instance: [], module: [] };
  readonly #coreItems: Readonly<Record<CoreSort, CoreItem[]>> = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  readonly #coreInstances: CoreInstance[] = [];

  /** `isComponent`: of a component instance, not of a type. */
  constructor(enclosing: Enclosing, isComponent = false) {
    this.#enclosing = enclosing;
    this.#isComponent = isComponent;
  }

  add(item: Item): void {
    pushBounded(this.#items[item.sort], item);
  }

  addType(type: TypeEntry): void {
    this.add({ sort: 'type', type });
  }

  addCore(item: CoreItem): void {
    pushBounded(this.#coreItems[item.sort], item);
  }

  addCoreInstance(instance: CoreInstance): void {
    pushBounded(this.#coreInstances, instance);
  }

  get<S extends Sort>(sort: S, index: number): Extract<Item, { sort: S }> {
    const item = this.#items[sort][index];
    if (!isSort(item, sort)) throw outOfRange(sort, index, this.#items[sort].length);
    return item;
  }

  type(index: number): TypeEntry {
    return this.get('type', index).type;
  }

  core<S extends CoreSort>(sort: S, index: number): Extract<CoreItem, { sort: S }> {
    const item = this.#coreItems[sort][index];
    if (!isCoreSort(item, sort)) throw outOfRange(`core ${sort}`, index, this.#coreItems[sort].length);
    return item;
  }

  anyCore(sort: CoreSort, index: number): CoreItem {
    const item = this.#coreItems[sort][index];
    if (item === undefined) throw outOfRange(`core ${sort}`, index, this.#coreItems[sort].length);
    return item;
  }

  coreInstance(index: number): CoreInstance {
    const instance = this.#coreInstances[index];
    if (instance === undefined) throw outOfRange('core instance', index, this.#coreInstances.length);
    return instance;
  }

  /** What a scope that begins now has around it. */
  enclosing(): Enclosing {
    const { type, component, module } = this.#items;
    return { scope: this, visible: { type: type.length, component: component.length, module: module.length } };
  }

  /** `count` 0 is this scope itself. */
  outer(sort: OuterSort, count: number, index: number): Item {
    if (count === 0) return this.get(sort, index);
    const { scope, visible } = this.#enclosing;
    if (scope === undefined) throw new ComponentError('index-out-of-range', 'an alias beyond the outermost component');
    if (count === 1 && index >= visible[sort]) throw outOfRange(`outer ${sort}`, index, visible[sort]);
    const item = scope.outer(sort, count - 1, index);
    // A resource type is of one instance: a component that could be instantiated anywhere is given it, or does not have it (Explainer.md, "Alias Definitions").
    if (this.#isComponent && item.sort === 'type' && namesResource(item.type))
      throw new ComponentError('component-malformed', 'an alias of a resource type of the component around');
    return item;
  }
}

function namesResource(type: TypeEntry): boolean {
  if (type.kind === 'resource') return true;
  if (type.kind === 'value') return layoutOf(type.type).handles;
  if (type.kind !== 'func') return false;
  const { params, result } = type.type;
  return [...params.map((param) => param.type), ...(result === undefined ? [] : [result])].some(
    (each) => layoutOf(each).handles,
  );
}

function isSort<S extends Sort>(item: Item | undefined, sort: S): item is Extract<Item, { sort: S }> {
  return item?.sort === sort;
}

function isCoreSort<S extends CoreSort>(item: CoreItem | undefined, sort: S): item is Extract<CoreItem, { sort: S }> {
  return item?.sort === sort;
}

function pushBounded<T>(space: T[], entry: T): void {
  if (space.length >= MAX_ENTRIES)
    throw new ComponentError('component-too-complex', `an index space over ${MAX_ENTRIES} entries`);
  space.push(entry);
}

function outOfRange(space: string, index: number, length: number): ComponentError {
  return new ComponentError('index-out-of-range', `${space} ${index} of ${length}`);
}
