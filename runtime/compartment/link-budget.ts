// What one link may cost, counted over every instance it makes: a few bytes that instantiate each other must not multiply. Never refilled.

import { ComponentError } from '../../component/component-error.ts';
import type { CoreModule } from '../../component/core/read-core-module.ts';
import type { TypeDefinition } from '../../component/definitions.ts';
import { CORE_EXTERN_WORK, MAX_INITIAL_ENTRIES, MAX_INSTANCES, MAX_LINK_WORK } from '../../component/limits.ts';
import type { Known } from '../../component/value-types.ts';

export class LinkBudget {
  #work = MAX_LINK_WORK;
  #instances = MAX_INSTANCES;
  #initialEntries = MAX_INITIAL_ENTRIES;
  /** Types that were compared: each pair once, however many functions name them. */
  readonly known: Known = new Map();

  spend(work = 1): void {
    this.#work -= work;
    if (this.#work < 0)
      throw new ComponentError('component-too-complex', `more than ${MAX_LINK_WORK} steps of linking`);
  }

  spendInstance(): void {
    this.#instances--;
    if (this.#instances < 0) throw new ComponentError('component-too-complex', `more than ${MAX_INSTANCES} instances`);
  }

  /** One module, instantiated often, multiplies what it begins with: memory that no cap counts, and time that no fuel is paid for. */
  spendCoreInstance({ imports, exports, initialEntries }: CoreModule): void {
    this.spendInstance();
    this.spend(CORE_EXTERN_WORK * (imports.length + exports.length));
    this.#initialEntries -= initialEntries;
    if (this.#initialEntries < 0)
      throw new ComponentError('component-too-complex', `more than ${MAX_INITIAL_ENTRIES} entries to begin with`);
  }

  /** A type is made anew in each instance of its component, with all of its members. */
  spendType(type: TypeDefinition): void {
    this.spend(memberCount(type));
  }
}

function memberCount(type: TypeDefinition): number {
  switch (type.kind) {
    case 'record':
      return type.fields.length;
    case 'variant':
      return type.cases.length;
    case 'tuple':
      return type.elements.length;
    case 'flags':
    case 'enum':
      return type.names.length;
    case 'func':
      return type.params.length;
    default:
      return 0;
  }
}
