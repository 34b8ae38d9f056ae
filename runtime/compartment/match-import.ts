// Compares what an import asks for with what is supplied, and hands over exactly that much. Not offered is refused: deny by default.

import type { ComponentErrorCode } from '../../component/component-error.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { Described } from '../../component/definitions.ts';
import { sameFuncType, sameValueType } from '../../component/value-types.ts';
import { followAlias } from './follow-alias.ts';
import type { InstanceItems, Item, ShapeType, TypeEntry } from './items.ts';
import type { LinkBudget } from './link-budget.ts';
import { funcTypeAt, resolveType } from './resolve-type.ts';
import { Scope } from './scope.ts';

const MAX_MATCH_DEPTH = 32;

/** Where in the imports a comparison is: the interface, and the item in it. */
export interface ImportPath {
  readonly interface: string;
  readonly item: string | undefined;
}

/** The supplied item as the import may see it. Errors: `import-not-offered`, `import-type-mismatch`. */
export function matchImport(
  described: Described,
  scope: Scope,
  supplied: Item | undefined,
  path: ImportPath,
  budget: LinkBudget,
  depth = 0,
): Item {
  budget.spend();
  if (depth > MAX_MATCH_DEPTH)
    throw new ComponentError('component-too-complex', `instances nested over ${MAX_MATCH_DEPTH} deep`);
  // A world that uses a type by name imports that name as equal to a type it already has: nobody needs to offer it.
  if (supplied === undefined && depth === 0 && described.kind === 'type' && described.equal !== undefined) {
    return { sort: 'type', type: scope.type(described.equal) };
  }
  if (supplied === undefined) throw refusal('import-not-offered', path, 'is not offered');
  const wanted = described.kind === 'type' ? 'type' : described.kind;
  if (supplied.sort !== wanted)
    throw refusal('import-type-mismatch', path, `is a ${supplied.sort}, a ${wanted} is wanted`);
  switch (described.kind) {
    case 'func': {
      const type = funcTypeAt(scope, described.type);
      if (supplied.sort !== 'func' || !sameFuncType(type, supplied.func.type, budget.known)) {
        throw refusal('import-type-mismatch', path, 'has another function type');
      }
      return supplied;
    }
    case 'type': {
      if (supplied.sort !== 'type' || !typeFits(described.equal, scope, supplied.type, budget)) {
        throw refusal('import-type-mismatch', path, 'is another type');
      }
      return supplied;
    }
    case 'instance': {
      const shape = scope.type(described.type);
      if (shape.kind !== 'instance') throw new ComponentError('sort-mismatch', `an instance of a ${shape.kind}`);
      if (supplied.sort !== 'instance') throw refusal('import-type-mismatch', path, 'is no instance');
      return { sort: 'instance', exports: matchInstance(shape, supplied.exports, path, budget, depth) };
    }
    // What is inside is compared when it is instantiated: its own imports against what it is then given.
    case 'component':
    case 'module':
      return supplied;
  }
}

/** The exports that the type declares, each compared; others that the instance has stay out of sight. */
function matchInstance(
  shape: ShapeType,
  supplied: InstanceItems,
  path: ImportPath,
  budget: LinkBudget,
  depth: number,
): InstanceItems {
  const scope = new Scope(shape.enclosing);
  const seen = new Map<string, Item>();
  for (const declaration of shape.declarations) {
    budget.spend();
    switch (declaration.kind) {
      case 'core-type':
        break;
      case 'type':
        if (declaration.type.kind === 'resource')
          throw new ComponentError('component-malformed', 'a resource defined in a type');
        budget.spendType(declaration.type);
        scope.addType(resolveType(declaration.type, scope));
        break;
      case 'alias':
        followAlias(declaration.alias, scope);
        break;
      case 'import':
        throw new ComponentError('component-malformed', 'an import in an instance type');
      case 'export': {
        if (seen.has(declaration.name)) throw new ComponentError('name-repeated', `two exports ${declaration.name}`);
        const inner = { interface: path.interface, item: declaration.name };
        const item = matchImport(
          declaration.described,
          scope,
          supplied.get(declaration.name),
          inner,
          budget,
          depth + 1,
        );
        seen.set(declaration.name, item);
        scope.add(item);
      }
    }
  }
  return seen;
}

function typeFits(equal: number | undefined, scope: Scope, supplied: TypeEntry, budget: LinkBudget): boolean {
  if (equal === undefined) return supplied.kind === 'resource';
  const wanted = scope.type(equal);
  if (wanted.kind === 'value' && supplied.kind === 'value')
    return sameValueType(wanted.type, supplied.type, budget.known);
  if (wanted.kind === 'func' && supplied.kind === 'func') return sameFuncType(wanted.type, supplied.type, budget.known);
  if (wanted.kind === 'resource' && supplied.kind === 'resource') return wanted.type === supplied.type;
  return wanted === supplied;
}

function refusal(code: ComponentErrorCode, path: ImportPath, what: string): ComponentError {
  const { interface: name, item } = path;
  const message = item === undefined ? `${name} ${what}` : `${name} ${item} ${what}`;
  return new ComponentError(code, message, {
    details: { interface: name, ...(item === undefined ? {} : { function: item }) },
  });
}
