// What the linker passes between definitions: component items with their types, and core items that exist later. Holds, never decides.

import type { ComponentFunc, LateFunction } from '../../component/abi/context.ts';
import type { GuestMemory } from '../../component/abi/guest-memory.ts';
import type { CoreFuncType, GlobalType, Limits, TableType } from '../../component/core/core-types.ts';
import type { CoreModule } from '../../component/core/read-core-module.ts';
import type { ComponentDefinition, Declaration } from '../../component/definitions.ts';
import type { FuncType, ResourceType, ValueType } from '../../component/value-types.ts';

export interface LateValue {
  value: WebAssembly.ExportValue | undefined;
}

/** A core item: its type is known while linking, its value once its module has been instantiated. */
export type CoreItem =
  | { readonly sort: 'func'; readonly type: CoreFuncType; readonly late: LateFunction }
  | { readonly sort: 'memory'; readonly limits: Limits; readonly memory: GuestMemory; readonly late: LateValue }
  | { readonly sort: 'table'; readonly limits: TableType; readonly late: LateValue }
  | { readonly sort: 'global'; readonly globalType: GlobalType; readonly late: LateValue };

export type CoreInstance = ReadonlyMap<string, CoreItem>;

/** What may be reached from inside: only what never changes. */
export type OuterSort = 'type' | 'component' | 'module';

export interface OuterScope {
  /** `count` 0 is this scope itself. */
  outer(sort: OuterSort, count: number, index: number): Item;
}

/** The scope around, and how much of it was defined when the inner one began: nothing may refer forward. */
export interface Enclosing {
  readonly scope: OuterScope | undefined;
  readonly visible: Readonly<Record<OuterSort, number>>;
}

/** An instance or component type: its declarations, read again for every match, in the scope where it was written. */
export interface ShapeType {
  readonly kind: 'instance' | 'component';
  readonly declarations: readonly Declaration[];
  readonly enclosing: Enclosing;
}

export type TypeEntry =
  | { readonly kind: 'value'; readonly type: ValueType }
  | { readonly kind: 'func'; readonly type: FuncType }
  | { readonly kind: 'resource'; readonly type: ResourceType }
  | ShapeType;

/** A component with what it closes over. */
export interface ComponentClosure {
  readonly component: ComponentDefinition;
  readonly enclosing: Enclosing;
}

export type InstanceItems = ReadonlyMap<string, Item>;

export type Item =
  | { readonly sort: 'func'; readonly func: ComponentFunc }
  | { readonly sort: 'type'; readonly type: TypeEntry }
  | { readonly sort: 'instance'; readonly exports: InstanceItems }
  | { readonly sort: 'component'; readonly closure: ComponentClosure }
  | { readonly sort: 'module'; readonly module: CoreModule };
