// Value types with every reference resolved: what two sides of a call compare before they exchange a value. Never an index.

import type { Primitive } from './definitions.ts';
import { PRIMITIVES } from './definitions.ts';

/** The part of a component instance that a resource type of its own has to know. */
export interface ResourceOwner {
  mayEnter: boolean;
}

/** One resource type: its identity is the object. */
export class ResourceType {
  readonly name: string;
  /** The component instance that defined it; `undefined`: the host. */
  readonly owner: ResourceOwner | undefined;
  /** Told the representation when the last owner lets go. */
  readonly drop: ((rep: number) => void) | undefined;

  constructor(name: string, drop?: (rep: number) => void, owner?: ResourceOwner) {
    this.name = name;
    this.drop = drop;
    this.owner = owner;
  }
}

export interface PrimitiveType<P extends Primitive = Primitive> {
  readonly kind: P;
}
export interface RecordType {
  readonly kind: 'record';
  readonly fields: readonly { readonly name: string; readonly type: ValueType }[];
}
export interface VariantType {
  readonly kind: 'variant';
  readonly cases: readonly { readonly name: string; readonly type: ValueType | undefined }[];
}
export interface ListType<E extends ValueType = ValueType> {
  readonly kind: 'list';
  readonly element: E;
}
export interface TupleType {
  readonly kind: 'tuple';
  readonly elements: readonly ValueType[];
}
export interface FlagsType {
  readonly kind: 'flags';
  readonly names: readonly string[];
}
export interface EnumType {
  readonly kind: 'enum';
  readonly names: readonly string[];
}
export interface OptionType {
  readonly kind: 'option';
  readonly some: ValueType;
}
export interface ResultType {
  readonly kind: 'result';
  readonly ok: ValueType | undefined;
  readonly error: ValueType | undefined;
}
export interface HandleType {
  readonly kind: 'own' | 'borrow';
  readonly resource: ResourceType;
}
export type ValueType =
  | PrimitiveType
  | RecordType
  | VariantType
  | ListType
  | TupleType
  | FlagsType
  | EnumType
  | OptionType
  | ResultType
  | HandleType;

export interface FuncType {
  readonly params: readonly { readonly name: string; readonly type: ValueType }[];
  readonly result: ValueType | undefined;
}

/**
 * A variant, option or result as the host holds it: the index of its case and what that case carries. Option: 0 none, 1
 * some; result: 0 ok, 1 error. An enum is the bare index.
 */
export interface Case {
  readonly index: number;
  readonly value: Value;
}

/**
 * A value between two sides: numbers (a handle is its resource's representation, flags are bits, an enum an index),
 * `bigint` for 64 bits, bytes for `list<u8>`, and an array for any other list, a tuple, or a record in the order of its fields.
 */
export type Value = boolean | number | bigint | string | Uint8Array | readonly Value[] | Case | undefined;

/** The primitives, one object each. */
export const PRIMITIVE_TYPES = Object.fromEntries(PRIMITIVES.map((kind) => [kind, { kind }])) as {
  readonly [P in Primitive]: PrimitiveType<P>;
};

/** Whether two types are one type: structure for values, identity for resources. */
export function sameValueType(a: ValueType | undefined, b: ValueType | undefined, known: Known = new Map()): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.kind !== b.kind) return false;
  // Types share parts: without this, two types of n definitions could take 2^n comparisons.
  if (known.get(a)?.has(b) === true) return true;
  const same = sameParts(a, b, known);
  if (same) known.set(a, (known.get(a) ?? new Set()).add(b));
  return same;
}

/** Pairs of types that were found to be one: they stay so. */
export type Known = Map<ValueType, Set<ValueType>>;

function sameParts(a: ValueType, b: ValueType, known: Known): boolean {
  switch (a.kind) {
    case 'record':
      return b.kind === 'record' && sameNamed(a.fields, b.fields, known);
    case 'variant':
      return b.kind === 'variant' && sameNamed(a.cases, b.cases, known);
    case 'list':
      return b.kind === 'list' && sameValueType(a.element, b.element, known);
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.elements.length === b.elements.length &&
        a.elements.every((element, index) => sameValueType(element, b.elements[index], known))
      );
    case 'flags':
    case 'enum':
      return (b.kind === 'flags' || b.kind === 'enum') && sameNames(a.names, b.names);
    case 'option':
      return b.kind === 'option' && sameValueType(a.some, b.some, known);
    case 'result':
      return b.kind === 'result' && sameValueType(a.ok, b.ok, known) && sameValueType(a.error, b.error, known);
    case 'own':
    case 'borrow':
      return (b.kind === 'own' || b.kind === 'borrow') && a.resource === b.resource;
    default:
      return true;
  }
}

export function sameFuncType(a: FuncType, b: FuncType, known: Known = new Map()): boolean {
  return sameNamed(a.params, b.params, known) && sameValueType(a.result, b.result, known);
}

interface Named {
  readonly name: string;
  readonly type: ValueType | undefined;
}

function sameNamed(a: readonly Named[], b: readonly Named[], known: Known): boolean {
  if (a.length !== b.length) return false;
  return a.every((member, index) => member.name === b[index]?.name && sameValueType(member.type, b[index].type, known));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
