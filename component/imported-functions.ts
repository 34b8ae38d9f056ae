// What a component imports, interface by interface, with the functions that it names of each. Never says whether anybody offers it.

import type { ComponentDefinition, Declaration, TypeDefinition } from './definitions.ts';

/** One import of a component. An import that is no instance names no functions. */
export interface ImportedFunctions {
  readonly name: string;
  readonly functions: readonly string[];
}

/** The imports in their order; a function is named as its interface names it (`open-input`, `[method]input.get`). */
export function importedFunctions({ definitions }: ComponentDefinition): readonly ImportedFunctions[] {
  // The type index space, as far as it tells of instances: whatever else adds a type takes up its place.
  const types: (TypeDefinition | undefined)[] = [];
  const imports: ImportedFunctions[] = [];
  for (const definition of definitions) {
    switch (definition.kind) {
      case 'type':
        types.push(definition.type);
        break;
      case 'alias':
        if (definition.alias.sort === 'type') types.push(undefined);
        break;
      case 'export':
        if (definition.sort === 'type') types.push(undefined);
        break;
      case 'import': {
        const { name, described } = definition;
        const shape = described.kind === 'instance' ? types[described.type] : undefined;
        imports.push({ name, functions: shape?.kind === 'instance' ? shape.declarations.flatMap(functionName) : [] });
        if (described.kind === 'type') types.push(undefined);
        break;
      }
      default:
    }
  }
  return imports;
}

function functionName(declaration: Declaration): readonly string[] {
  return declaration.kind === 'export' && declaration.described.kind === 'func' ? [declaration.name] : [];
}
