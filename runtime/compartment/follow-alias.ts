// Follows an alias to the item it names and gives that item an index of its own. Never reaches forward or past the outermost component.

import { ComponentError } from '../../component/component-error.ts';
import type { Alias } from '../../component/definitions.ts';
import type { Scope } from './scope.ts';

export function followAlias(alias: Alias, scope: Scope): void {
  switch (alias.kind) {
    case 'export': {
      const item = scope.get('instance', alias.instance).exports.get(alias.name);
      if (item === undefined)
        throw new ComponentError('export-missing', `instance ${alias.instance} has no ${alias.name}`);
      if (item.sort !== alias.sort)
        throw new ComponentError('sort-mismatch', `${alias.name} is a ${item.sort}, a ${alias.sort} is wanted`);
      scope.add(item);
      return;
    }
    case 'core-export': {
      const item = scope.coreInstance(alias.instance).get(alias.name);
      if (item === undefined)
        throw new ComponentError('export-missing', `core instance ${alias.instance} has no ${alias.name}`);
      if (item.sort !== alias.sort)
        throw new ComponentError('sort-mismatch', `${alias.name} is a ${item.sort}, a ${alias.sort} is wanted`);
      scope.addCore(item);
      return;
    }
    case 'outer':
      switch (alias.sort) {
        case 'core-type':
          // Core types name nothing that is linked: modules are compared by their own imports and exports.
          return;
        case 'type':
        case 'component':
        case 'module':
          scope.add(scope.outer(alias.sort, alias.count, alias.index));
          return;
        default:
          throw new ComponentError('component-malformed', `an outer alias of a ${alias.sort}`);
      }
  }
}
