// Links a component to what a host offers: every definition in order, types compared, nothing run. Running is a second step.

import { Life } from '../../component/abi/instance-state.ts';
import { readComponent } from '../../component/binary/read-component.ts';
import type { ComponentErrorCode } from '../../component/component-error.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { ComponentFunc, LateFunction, Suspension } from '../../component/abi/context.ts';
import type { FuelReserve } from '../../component/abi/host-fuel.ts';
import { GuestTrap } from '../../component/abi/trap.ts';
import type { ComponentDefinition, Definition } from '../../component/definitions.ts';
import { importNames } from '../../component/definitions.ts';
import type { MemoryUse } from '../../host-apis/stubs/usage-teller.ts';
import type { OfferSource } from '../../component/host-interface.ts';
import { offeredName } from '../../contracts/core/semver-name.ts';
import { ResourceType } from '../../component/value-types.ts';
import { CoreModules } from './core-modules.ts';
import { followAlias } from './follow-alias.ts';
import type { ComponentClosure, CoreInstance, InstanceItems, Item } from './items.ts';
import type { KeptComponents } from './kept-components.ts';
import { linkCanon } from './link-canon.ts';
import type { CanonPlace } from './link-canon.ts';
import { LinkBudget } from './link-budget.ts';
import { matchImport } from './match-import.ts';
import type { Meter } from './meter.ts';
import { resolveType } from './resolve-type.ts';
import { NOTHING_AROUND, Scope } from './scope.ts';

export interface LinkLimits {
  /** All linear memories together, in pages of 64 KiB. */
  readonly memoryPages: number;
  /**
   * Guests share this thread: a call that waits suspends the guest, and so does fuel that is out. Functions are called by `enter`.
   * Only with a meter: without one a guest that loops would have the thread for ever.
   */
  readonly suspends?: true;
  /** What the app runs on. Absent: nothing counts its instructions, and its stack is the engine's. */
  readonly meter?: Meter;
  /** What this thread has linked before, so that it need not be read and compiled again. */
  readonly kept?: KeptComponents;
  /** Every NaN that arithmetic makes is the canonical one, so that no run differs from another in its bits. */
  readonly canonicalNan?: true;
  /** Throws when the component may not be linked, from what it imports; asked before anything of it is. */
  readonly admit?: (component: ComponentDefinition) => void;
  /** Components that supply imports of this one: instantiated first, in their order, out of the same limits. */
  readonly dependencies?: readonly LinkDependency[];
}

/** A component with offers of its own. Its instance of the interface `name` is what the app's import of that name gets. */
export interface LinkDependency {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly offers: OfferSource;
  readonly admit: (component: ComponentDefinition) => void;
}

/** A component of which everything has been checked and compiled, and nothing has run. */
export class LinkedComponent {
  readonly #exports: InstanceItems;
  readonly #life: Life;
  readonly #start: readonly (() => void)[];
  readonly #meter: FuelReserve | undefined;

  readonly #modules: CoreModules;

  constructor(exports: InstanceItems, { life, modules, suspension }: Session, start: readonly (() => void)[]) {
    this.#exports = exports;
    this.#life = life;
    this.#modules = modules;
    this.#start = start;
    this.#meter = suspension.meter;
  }

  /** What its memories and tables take now; before `start` nothing. */
  use(): MemoryUse {
    return this.#modules.use();
  }

  /** Instantiates the core modules, start functions included: the first guest instructions. Whatever it throws ends the life. */
  start(): void {
    try {
      for (const step of this.#start) {
        if (this.#meter === undefined) step();
        else this.#meter.withReserve(step);
      }
      this.#life.checkAlive();
    } catch (cause) {
      throw this.#life.end(cause);
    }
  }

  /** Ends it from outside: whatever is suspended is never resumed, and whoever calls is refused with this cause. */
  end(cause: unknown): void {
    this.#life.end(cause);
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
export function linkComponent(bytes: Uint8Array, offers: OfferSource, limits: LinkLimits): LinkedComponent {
  const suspension = suspensionOf(limits);
  const session: Session = { modules: new CoreModules(), life: new Life(), budget: new LinkBudget(), suspension };
  const component = read(bytes, limits);
  const supplied = suppliedTo(component, offers);
  limits.admit?.(component);
  for (const dependency of limits.dependencies ?? [])
    supplied.set(dependency.name, instanceOf(dependency, session, limits));
  const exports = elaborate({ component, enclosing: NOTHING_AROUND }, supplied, session);
  return new LinkedComponent(exports, session, session.modules.compile(limits));
}

function read(bytes: Uint8Array, { kept }: LinkLimits): ComponentDefinition {
  return kept === undefined ? readComponent(bytes) : kept.read(bytes);
}

/** What the host offers of what is imported, under the names of the imports: any patch of WASI 0.2 is the same offer. */
function suppliedTo(component: ComponentDefinition, offers: OfferSource): Map<string, Item> {
  const supplied = new Map<string, Item>();
  for (const name of importNames(component)) {
    const exports = offers.get(offeredName(name));
    if (exports !== undefined) supplied.set(name, { sort: 'instance', exports });
  }
  return supplied;
}

/** Its handles are in tables of its own, so that neither it nor the app reaches what the other opened. Errors: `export-missing`. */
function instanceOf({ name, bytes, offers, admit }: LinkDependency, session: Session, limits: LinkLimits): Item {
  const component = read(bytes, limits);
  admit(component);
  const exports = elaborate({ component, enclosing: NOTHING_AROUND }, suppliedTo(component, offers), session);
  const item = exports.get(name);
  if (item?.sort === 'instance') return item;
  throw new ComponentError('export-missing', `the dependency exports no interface ${name}`);
}

function suspensionOf({ suspends, meter }: LinkLimits): Suspension {
  if (suspends !== true) return {};
  if (meter === undefined) throw new ComponentError('fuel-required', 'a guest that can be suspended runs on fuel');
  return { suspends, meter };
}

const NO_MATCH: ReadonlySet<string> = new Set<ComponentErrorCode>(['import-type-mismatch', 'import-not-offered']);

interface Session {
  readonly modules: CoreModules;
  readonly life: Life;
  readonly budget: LinkBudget;
  readonly suspension: Suspension;
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
  const { budget, life, suspension } = session;
  budget.spendInstance();
  const place: Place = {
    session,
    budget,
    life,
    suspension,
    supplied,
    scope: new Scope(enclosing, true),
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
      const { module } = scope.get('module', definition.module);
      session.budget.spendCoreInstance(module);
      session.budget.spend(definition.args.length);
      const args = new Map<string, CoreInstance>();
      for (const { name, index } of definition.args) setOnce(args, name, scope.coreInstance(index));
      scope.addCoreInstance(session.modules.plan(module, args));
      return;
    }
    case 'core-instance-exports': {
      session.budget.spend(definition.exports.length);
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
      session.budget.spend(definition.args.length);
      const { closure } = scope.get('component', definition.component);
      const args = new Map<string, Item>();
      for (const { name, sort, index } of definition.args) setOnce(args, name, scope.get(sort, index));
      scope.add({ sort: 'instance', exports: elaborate(closure, args, session) });
      return;
    }
    case 'instance-exports': {
      session.budget.spend(definition.exports.length);
      const exports = new Map<string, Item>();
      for (const { name, sort, index } of definition.exports) setOnce(exports, name, scope.get(sort, index));
      scope.add({ sort: 'instance', exports });
      return;
    }
    case 'alias':
      followAlias(definition.alias, scope);
      return;
    case 'type':
      session.budget.spendType(definition.type);
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
      const item = exported(definition, place);
      setOnce(place.exports, definition.name, item);
      scope.add(item);
    }
  }
}

/** What is exported; where the export says a type of its own, as that type shows it. */
function exported({ name, sort, index, described }: Extract<Definition, { kind: 'export' }>, place: Place): Item {
  const { scope, budget } = place;
  const item = scope.get(sort, index);
  if (described === undefined) return item;
  try {
    return matchImport(described, scope, item, { interface: name, item: undefined }, budget);
  } catch (cause) {
    if (!(cause instanceof ComponentError) || !NO_MATCH.has(cause.code)) throw cause;
    throw new ComponentError('export-type-mismatch', cause.message, { cause });
  }
}

function defineType(type: Extract<Definition, { kind: 'type' }>['type'], place: Place): void {
  const { scope, instance, suspension } = place;
  if (type.kind !== 'resource') {
    scope.addType(resolveType(type, scope));
    return;
  }
  const destructor = type.destructor === undefined ? undefined : scope.core('func', type.destructor);
  if (destructor !== undefined && !(destructor.type.params.join() === 'i32' && destructor.type.results.length === 0)) {
    throw new ComponentError('canon-signature-mismatch', 'a destructor that does not take one i32');
  }
  const drop = (rep: number): void => {
    if (destructor !== undefined) destroy(destructor.late, rep, suspension);
  };
  scope.addType({ kind: 'resource', type: new ResourceType('resource of the guest', drop, instance) });
}

/** Always above a frame of the glue: whoever dropped the handle cannot be suspended, so neither can this. */
function destroy({ callable, importable }: LateFunction, rep: number, { meter }: Suspension): void {
  if (importable !== undefined) throw new GuestTrap('cannot-block', 'a destructor that waits');
  if (meter === undefined) callable?.(rep);
  else meter.withReserve(() => callable?.(rep));
}

function setOnce<V>(map: Map<string, V>, name: string, value: V): void {
  if (map.has(name)) throw new ComponentError('name-repeated', `the name ${name} twice`);
  map.set(name, value);
}
