// From a type as it is written to the type that it means in one scope. Never makes two resources one, or one two.

import { layoutOf } from '../../component/abi/layout.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { TypeDefinition, ValueDefinition, ValueRef } from '../../component/definitions.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { FuncType, ResourceType, ValueType } from '../../component/value-types.ts';
import type { TypeEntry } from './items.ts';
import type { Scope } from './scope.ts';

/** Everything but a resource definition, which only a component instance can make. Errors: `ComponentErrorCode`. */
export function resolveType(definition: Exclude<TypeDefinition, { kind: 'resource' }>, scope: Scope): TypeEntry {
  switch (definition.kind) {
    case 'func':
      return { kind: 'func', type: resolveFunc(definition, scope) };
    case 'instance':
    case 'component':
      return { kind: definition.kind, declarations: definition.declarations, enclosing: scope.enclosing() };
    default: {
      const type = resolveValue(definition, scope);
      // Measured as soon as it is made: depth and size are bounded before anything is built on it.
      layoutOf(type);
      return { kind: 'value', type };
    }
  }
}

/** The function type at an index. */
export function funcTypeAt(scope: Scope, index: number): FuncType {
  const entry = scope.type(index);
  if (entry.kind !== 'func')
    throw new ComponentError('sort-mismatch', `type ${index} is a ${entry.kind}, a function is wanted`);
  return entry.type;
}

export function resourceAt(scope: Scope, index: number): ResourceType {
  const entry = scope.type(index);
  if (entry.kind !== 'resource')
    throw new ComponentError('sort-mismatch', `type ${index} is a ${entry.kind}, a resource is wanted`);
  return entry.type;
}

function resolveFunc(definition: Extract<TypeDefinition, { kind: 'func' }>, scope: Scope): FuncType {
  const params = definition.params.map(({ name, type }) => ({ name, type: valueAt(scope, type) }));
  checkNames(params);
  const result = definition.result === undefined ? undefined : valueAt(scope, definition.result);
  // A borrow that outlived its call would be a reference that nobody counts (Explainer.md, validation of functypes).
  if (result !== undefined && layoutOf(result).borrows)
    throw new ComponentError('component-malformed', 'a function that returns a borrow');
  return { params, result };
}

function resolveValue(definition: ValueDefinition, scope: Scope): ValueType {
  switch (definition.kind) {
    case 'primitive':
      return PRIMITIVE_TYPES[definition.primitive];
    case 'record': {
      const fields = definition.fields.map(({ name, type }) => ({ name, type: valueAt(scope, type) }));
      return { kind: 'record', fields: checkNames(fields) };
    }
    case 'variant': {
      const cases = definition.cases.map(({ name, type }) => ({ name, type: optionalAt(scope, type) }));
      return { kind: 'variant', cases: checkNames(cases) };
    }
    case 'list':
      return { kind: 'list', element: valueAt(scope, definition.element) };
    case 'tuple':
      return { kind: 'tuple', elements: definition.elements.map((element) => valueAt(scope, element)) };
    case 'flags':
    case 'enum':
      checkNames(definition.names.map((name) => ({ name })));
      return { kind: definition.kind, names: definition.names };
    case 'option':
      return { kind: 'option', some: valueAt(scope, definition.some) };
    case 'result':
      return { kind: 'result', ok: optionalAt(scope, definition.ok), error: optionalAt(scope, definition.error) };
    case 'own':
    case 'borrow':
      return { kind: definition.kind, resource: resourceAt(scope, definition.resource) };
  }
}

function valueAt(scope: Scope, ref: ValueRef): ValueType {
  if (typeof ref === 'string') return PRIMITIVE_TYPES[ref];
  const entry = scope.type(ref);
  if (entry.kind !== 'value')
    throw new ComponentError('sort-mismatch', `type ${ref} is a ${entry.kind}, a value type is wanted`);
  return entry.type;
}

function optionalAt(scope: Scope, ref: ValueRef | undefined): ValueType | undefined {
  return ref === undefined ? undefined : valueAt(scope, ref);
}

function checkNames<T extends { readonly name: string }>(members: readonly T[]): readonly T[] {
  // Names that differ in case alone are one name to a language without case (Explainer.md, "strongly-unique").
  if (new Set(members.map(({ name }) => name.toLowerCase())).size !== members.length) {
    throw new ComponentError('name-repeated', 'two members of one type have one name');
  }
  return members;
}
