// What a host offers to components: typed interfaces by their exact versioned name. What is not in the table does not exist for a guest.

import type { ComponentFunc } from './abi/context.ts';
import type { Later } from '../contracts/core/later.ts';
import type { FuncType, ListType, PrimitiveType, ResourceType, Value, ValueType } from './value-types.ts';

export type HostType =
  { readonly kind: 'value'; readonly type: ValueType } | { readonly kind: 'resource'; readonly type: ResourceType };

export type HostItem =
  { readonly sort: 'func'; readonly func: ComponentFunc } | { readonly sort: 'type'; readonly type: HostType };

/** By the name inside the interface, e.g. `open-input`, `[method]input.get`, `level`. */
export type HostInterface = ReadonlyMap<string, HostItem>;
/** By the interface's name with its version, e.g. `casemate:device/gpio@0.1.0`. */
export type HostOffers = ReadonlyMap<string, HostInterface>;

/** Offers as the linker takes them: it asks by name, and only for what is imported. */
export type OfferSource = Pick<HostOffers, 'get'>;

/** The host's side of a value of type `T`, as far as its kind tells. */
export type Lifted<T extends ValueType | undefined> =
  T extends PrimitiveType<infer P>
    ? P extends 'bool'
      ? boolean
      : P extends 's64' | 'u64'
        ? bigint
        : P extends 'string' | 'char'
          ? string
          : number
    : T extends ListType<infer E>
      ? E extends PrimitiveType<'u8'>
        ? Uint8Array
        : readonly Lifted<E>[]
      : T extends { readonly kind: 'enum' | 'flags' | 'own' | 'borrow' }
        ? number
        : Value;

interface Param<T extends ValueType = ValueType> {
  readonly name: string;
  readonly type: T;
}

type Arguments<P extends readonly Param[]> = { readonly [K in keyof P]: Lifted<P[K]['type']> };

/** A function of the host. The linker has compared types before it is ever called, so its arguments are what `params` says. */
export function hostFunction<const P extends readonly Param[], R extends ValueType | undefined>(
  params: P,
  result: R,
  call: (...args: Arguments<P>) => R extends undefined ? void : Value,
): HostItem {
  const type: FuncType = { params, result };
  return { sort: 'func', func: { type, call: call as (...args: Value[]) => Value } };
}

/** As `hostFunction`, for one that may have to wait for its answer: it may return a promise where guests can be suspended. */
export function blockingHostFunction<const P extends readonly Param[], R extends ValueType | undefined>(
  params: P,
  result: R,
  call: (...args: Arguments<P>) => R extends undefined ? Later<void> : Later<Value>,
): HostItem {
  const type: FuncType = { params, result };
  return { sort: 'func', func: { type, call: call as (...args: Value[]) => Value, blocks: true } };
}

export function hostType(type: ValueType): HostItem {
  return { sort: 'type', type: { kind: 'value', type } };
}

export function hostResource(type: ResourceType): HostItem {
  return { sort: 'type', type: { kind: 'resource', type } };
}
