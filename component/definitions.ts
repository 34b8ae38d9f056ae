// A component as it is written: definitions in order, with references by index. Says nothing about whether they fit together.

import type { CoreModule } from './core/read-core-module.ts';

export const PRIMITIVES = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** A value type where it is used: a primitive in place, or an index into the type space. */
export type ValueRef = Primitive | number;
export interface NamedRef {
  readonly name: string;
  readonly type: ValueRef;
}
export interface CaseRef {
  readonly name: string;
  readonly type: ValueRef | undefined;
}

export type ValueDefinition =
  | { readonly kind: 'primitive'; readonly primitive: Primitive }
  | { readonly kind: 'record'; readonly fields: readonly NamedRef[] }
  | { readonly kind: 'variant'; readonly cases: readonly CaseRef[] }
  | { readonly kind: 'list'; readonly element: ValueRef }
  | { readonly kind: 'tuple'; readonly elements: readonly ValueRef[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueRef }
  | { readonly kind: 'result'; readonly ok: ValueRef | undefined; readonly error: ValueRef | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly resource: number };

export type TypeDefinition =
  | ValueDefinition
  | { readonly kind: 'func'; readonly params: readonly NamedRef[]; readonly result: ValueRef | undefined }
  | { readonly kind: 'instance' | 'component'; readonly declarations: readonly Declaration[] }
  /** `destructor` is a core function's index. */
  | { readonly kind: 'resource'; readonly destructor: number | undefined };

/** What stands inside an instance type or a component type. */
export type Declaration =
  | { readonly kind: 'core-type' }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'alias'; readonly alias: Alias }
  | { readonly kind: 'import' | 'export'; readonly name: string; readonly described: Described };

/** An externdesc: what an import or an export is. */
export type Described =
  | { readonly kind: 'func' | 'component' | 'instance'; readonly type: number }
  | { readonly kind: 'module' }
  /** `equal` undefined: any resource type (sub resource). */
  | { readonly kind: 'type'; readonly equal: number | undefined };

export type CoreSort = 'func' | 'table' | 'memory' | 'global' | 'tag';
export type Sort = 'func' | 'type' | 'component' | 'instance' | 'module';

export type Alias =
  | { readonly kind: 'export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: 'core-export'; readonly sort: CoreSort; readonly instance: number; readonly name: string }
  | { readonly kind: 'outer'; readonly sort: Sort | 'core-type'; readonly count: number; readonly index: number };

export type StringEncoding = 'utf8' | 'utf16' | 'latin1+utf16';
export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
}

export type Canon =
  | { readonly kind: 'lift'; readonly coreFunc: number; readonly options: CanonOptions; readonly type: number }
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonOptions }
  | { readonly kind: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly type: number };

export interface Argument<S> {
  readonly name: string;
  readonly sort: S;
  readonly index: number;
}

export type Definition =
  | { readonly kind: 'core-module'; readonly module: CoreModule }
  | { readonly kind: 'core-instantiate'; readonly module: number; readonly args: readonly Argument<'instance'>[] }
  | { readonly kind: 'core-instance-exports'; readonly exports: readonly Argument<CoreSort>[] }
  | { readonly kind: 'core-type' }
  | { readonly kind: 'component'; readonly component: ComponentDefinition }
  | { readonly kind: 'instantiate'; readonly component: number; readonly args: readonly Argument<Sort>[] }
  | { readonly kind: 'instance-exports'; readonly exports: readonly Argument<Sort>[] }
  | { readonly kind: 'alias'; readonly alias: Alias }
  | { readonly kind: 'type'; readonly type: TypeDefinition }
  | { readonly kind: 'canon'; readonly canon: Canon }
  | { readonly kind: 'import'; readonly name: string; readonly described: Described }
  | {
      readonly kind: 'export';
      readonly name: string;
      readonly sort: Sort;
      readonly index: number;
      readonly described: Described | undefined;
    };

export interface ComponentDefinition {
  readonly definitions: readonly Definition[];
}

/** Imports of a component in their order: what it wants from whoever runs it. */
export function importNames(component: ComponentDefinition): readonly string[] {
  return component.definitions
    .filter((definition) => definition.kind === 'import')
    .map((definition) => definition.name);
}
