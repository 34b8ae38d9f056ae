// Links a component to what a host offers: every definition in order, types compared, nothing run. Running is a second step.

import { Life } from '../../component/abi/instance-state.ts';
import { readComponent } from '../../component/binary/read-component.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentFunc } from '../../component/abi/context.ts';
import type { Definition } from '../../component/definitions.ts';
import type { HostOffers } from '../../component/host-interface.ts';
import { ResourceType } from '../../component/value-types.ts';
import { CoreModules } from './core-modules.ts';
import { followAlias } from './follow-alias.ts';
import type { ComponentClosure, CoreInstance, InstanceItems, Item } from './items.ts';
import { linkCanon } from './link-canon.ts';
import type { CanonPlace } from './link-canon.ts';
import { LinkBudget } from './link-budget.ts';
import { matchImport } from './match-import.ts';
import { resolveType } from './resolve-type.ts';
import { NOTHING_AROUND, Scope } from './scope.ts';

export interface LinkLimits {
  /** All linear memories together, in pages of 64 KiB. */
  readonly memoryPages: number;
}

/** A component of which everything has been checked and compiled, and nothing has run. */
export class LinkedComponent {
  readonly #exports: InstanceItems;
  readonly #life: Life;
  readonly #start: readonly (() => void)[];

  constructor(exports: InstanceItems, life: Life, start: readonly (() => void)[]) {
    this.#exports = exports;
    this.#life = life;
    this.#start = start;
  }

  /** Instantiates the core modules, start functions included: the first guest instructions. Whatever it throws ends the life. */
  start(): void {
    try {
      for (const step of this.#start) step();
      this.#life.checkAlive();
    } catch (cause) {
      throw this.#life.end(cause);
    }
  }

  /** An exported function; `from` names the exported interface that holds it. Errors: `export-missing`. */
  func(name: string, from?: string): ComponentFunc {
    const holder = from === undefined ? undefined : this.#exports.get(from);
    const item =
      from === undefined ? this.#exports.get(name) : holder?.sort === 'instance' ? holder.exports.get(name) : undefined;
    if (item?.sort !== 'func') throw new ComponentError('export-missing', `the component exports no function ${name}`);
    return item.func;
  }

  get exports(): InstanceItems {
    return this.#exports;
  }
}

/** From bytes of any origin. Errors: `ComponentErrorCode`; none of them after a guest instruction. */
export function linkComponent(bytes: Uint8Array, offers: HostOffers, limits: LinkLimits): LinkedComponent {
  const session: Session = { modules: new CoreModules(), life: new Life(), budget: new LinkBudget() };
  const supplied = new Map([...offers].map(([name, exports]): [string, Item] => [name, { sort: 'instance', exports }]));
  const exports = elaborate({ component: readComponent(bytes), enclosing: NOTHING_AROUND }, supplied, session);
  return new LinkedComponent(exports, session.life, session.modules.compile(limits.memoryPages));
}

interface Session {
  readonly modules: CoreModules;
  readonly life: Life;
  readonly budget: LinkBudget;
}

interface Place extends CanonPlace {
  readonly session: Session;
  readonly supplied: InstanceItems;
  readonly imported: Set<string>;
  readonly exports: Map<string, Item>;
}

/** One component instance: its definitions in order. */
function elaborate(
  { component, enclosing }: ComponentClosure,
  supplied: InstanceItems,
  session: Session,
): InstanceItems {
  const { budget, life } = session;
  budget.spendInstance();
  const place: Place = {
    session,
    budget,
    life,
    supplied,
    scope: new Scope(enclosing),
    instance: life.newInstance(),
    imported: new Set(),
    exports: new Map(),
  };
  for (const definition of component.definitions) {
    budget.spend();
    define(definition, place);
  }
  return place.exports;
}

function define(definition: Definition, place: Place): void {
  const { scope, session } = place;
  switch (definition.kind) {
    case 'core-module':
      scope.add({ sort: 'module', module: definition.module });
      return;
    case 'core-instantiate': {
      session.budget.spendInstance();
      const { module } = scope.get('module', definition.module);
      const args = new Map<string, CoreInstance>();
      for (const { name, index } of definition.args) setOnce(args, name, scope.coreInstance(index));
      scope.addCoreInstance(session.modules.plan(module, args));
      return;
    }
    case 'core-instance-exports': {
      const exports: Map<string, ReturnType<Scope['anyCore']>> = new Map();
      for (const { name, sort, index } of definition.exports) setOnce(exports, name, scope.anyCore(sort, index));
      scope.addCoreInstance(exports);
      return;
    }
    case 'core-type':
      return;
    case 'component':
      scope.add({ sort: 'component', closure: { component: definition.component, enclosing: scope.enclosing() } });
      return;
    case 'instantiate': {
      const { closure } = scope.get('component', definition.component);
      const args = new Map<string, Item>();
      for (const { name, sort, index } of definition.args) setOnce(args, name, scope.get(sort, index));
      scope.add({ sort: 'instance', exports: elaborate(closure, args, session) });
      return;
    }
    case 'instance-exports': {
      const exports = new Map<string, Item>();
      for (const { name, sort, index } of definition.exports) setOnce(exports, name, scope.get(sort, index));
      scope.add({ sort: 'instance', exports });
      return;
    }
    case 'alias':
      followAlias(definition.alias, scope);
      return;
    case 'type':
      defineType(definition.type, place);
      return;
    case 'canon':
      linkCanon(definition.canon, place);
      return;
    case 'import': {
      if (place.imported.has(definition.name))
        throw new ComponentError('name-repeated', `two imports ${definition.name}`);
      place.imported.add(definition.name);
      const path = { interface: definition.name, item: undefined };
      scope.add(matchImport(definition.described, scope, place.supplied.get(definition.name), path, session.budget));
      return;
    }
    case 'export': {
      const item = scope.get(definition.sort, definition.index);
      setOnce(place.exports, definition.name, item);
      scope.add(item);
    }
  }
}

function defineType(type: Extract<Definition, { kind: 'type' }>['type'], place: Place): void {
  const { scope, instance } = place;
  if (type.kind !== 'resource') {
    scope.addType(resolveType(type, scope));
    return;
  }
  const destructor = type.destructor === undefined ? undefined : scope.core('func', type.destructor);
  if (destructor !== undefined && !(destructor.type.params.join() === 'i32' && destructor.type.results.length === 0)) {
    throw new ComponentError('canon-signature-mismatch', 'a destructor that does not take one i32');
  }
  const drop = (rep: number): void => void destructor?.late.callable?.(rep);
  scope.addType({ kind: 'resource', type: new ResourceType('resource of the guest', drop, instance) });
}

function setOnce<V>(map: Map<string, V>, name: string, value: V): void {
  if (map.has(name)) throw new ComponentError('name-repeated', `the name ${name} twice`);
  map.set(name, value);
}
