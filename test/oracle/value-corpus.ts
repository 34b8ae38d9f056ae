// The values that every oracle of the canonical ABI is asked about: types of every kind, good values of each, and bytes and core values
// that a guest may make up. It must never hold what comes out: that is for the oracles to say.

import fc from 'fast-check';
import { hostFunction, hostType } from '../../component/host-interface.ts';
import type { HostItem } from '../../component/host-interface.ts';
import { layoutOf } from '../../component/abi/layout.ts';
import { GuestTrap } from '../../component/abi/trap.ts';
import type { Value, ValueType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { LinkedComponent } from '../../runtime/compartment/link.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import type { OracleHostFunction } from './jobs.ts';
import { trapKind } from './trap-kinds.ts';

/** One call of the probe component (test/support/abi-probe.ts). */
export interface ProbeCall {
  readonly export: string;
  readonly type: ValueType;
  readonly arg: Value;
  readonly argType: ValueType;
  readonly resultType: ValueType | null;
}

/** What came back, or what the sink was given; the kind of the trap when the guest was stopped. */
export type Outcome = { readonly value: Value } | { readonly trap: string };

const { bool, s8, u8, s16, u16, s32, u32, s64, u64, f32, f64, char, string } = PRIMITIVE_TYPES;
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const tuple = (...elements: ValueType[]): ValueType => ({ kind: 'tuple', elements });
const option = (some: ValueType): ValueType => ({ kind: 'option', some });
const result = (ok?: ValueType, error?: ValueType): ValueType => ({ kind: 'result', ok, error });
const record = (fields: Record<string, ValueType>): ValueType => ({
  kind: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const variant = (cases: Record<string, ValueType | undefined>): ValueType => ({
  kind: 'variant',
  cases: Object.entries(cases).map(([name, type]) => ({ name, type })),
});
const flags = (count: number): ValueType => ({
  kind: 'flags',
  names: Array.from({ length: count }, (_, bit) => `bit${bit}`),
});

/** For jco: an f32 that shares an i64: the ABI widens its bits with zeros (`encode_float_as_i32`), jco with the sign. */
export const F32_IN_I64: readonly ValueType[] = [result(f32, u64), variant({ wide: u64, narrow: f32, both: f64 })];

export const TYPES: readonly ValueType[] = [
  ...F32_IN_I64,
  bool,
  s8,
  u8,
  s16,
  u16,
  s32,
  u32,
  s64,
  u64,
  f32,
  f64,
  char,
  string,
  list(u8),
  list(s16),
  list(u64),
  list(string),
  list(list(u16)),
  tuple(u8, u32, u8, u64),
  tuple(u8, string, f64),
  record({ 'first-one': u16, second: s64, third: bool }),
  option(u8),
  option(u64),
  option(string),
  result(),
  result(u32),
  result(u8, string),
  result(f64, u32),
  result(u32, f32),
  // Cases whose core values have to share: i32 with f32, f32 with i64, i64 with f64.
  variant({ none: undefined, small: f32, word: u32 }),
  variant({ text: string, pair: tuple(f32, f64), deep: option(s64) }),
  { kind: 'enum', names: ['red', 'green', 'blue'] },
  // 257 cases: the discriminant takes two bytes.
  { kind: 'enum', names: Array.from({ length: 257 }, (_, index) => `case${index}`) },
  flags(1),
  flags(8),
  flags(9),
  flags(17),
  flags(32),
  list(record({ name: string, tags: list(flags(3)), place: option(tuple(f32, f32)) })),
  // 17 core values: through memory even as a parameter.
  tuple(...Array.from({ length: 17 }, (_, index) => (index % 2 === 0 ? u8 : u32))),
];

export function valueOf(type: ValueType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 's64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case 'u64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
    case 'char':
      return fc.string({ minLength: 1, maxLength: 1, unit: 'binary' });
    case 'string':
      return fc.string({ maxLength: 12, unit: 'binary' });
    case 'list':
      return type.element.kind === 'u8'
        ? fc.uint8Array({ maxLength: 12 })
        : fc.array(valueOf(type.element), { maxLength: 4 });
    case 'tuple':
      return fc.tuple(...type.elements.map(valueOf));
    case 'record':
      return fc.tuple(...type.fields.map((field) => valueOf(field.type)));
    case 'flags':
      return fc.integer({ min: 0, max: 2 ** type.names.length - 1 });
    case 'enum':
      return fc.nat(type.names.length - 1);
    case 'option':
      return choice([undefined, type.some]);
    case 'result':
      return choice([type.ok, type.error]);
    case 'variant':
      return choice(type.cases.map((member) => member.type));
    case 'own':
    case 'borrow':
      throw new Error('a probe has no resources');
    default: {
      const bits = Number(type.kind.slice(1));
      return type.kind.startsWith('u')
        ? fc.integer({ min: 0, max: 2 ** bits - 1 })
        : fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
    }
  }
}

function choice(payloads: readonly (ValueType | undefined)[]): fc.Arbitrary<Value> {
  const cases = payloads.map((payload, index) =>
    (payload === undefined ? fc.constant(undefined) : valueOf(payload)).map((value) => ({ index, value })),
  );
  return fc.oneof(...cases);
}

/** Bytes that are now and then small numbers, so that discriminants have a chance to be good. */
const rawBytes = (size: number): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof({ arbitrary: fc.nat(3), weight: 3 }, { arbitrary: fc.nat(255), weight: 1 }), {
      minLength: size,
      maxLength: size,
    })
    .map((bytes) => Uint8Array.from(bytes));
const rawWord = fc.oneof(
  fc.bigInt({ min: 0n, max: 5n }),
  fc.bigInt({ min: 0n, max: 2n ** 32n }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

/**
 * Whether any bits at all may be lifted under both. jco refuses bits above a narrow number or its flags that the ABI says to ignore, and
 * does not check where a list ends; for these types the reference scripts are the oracle.
 */
function takesAnyBits(type: ValueType): boolean {
  const parts = [type, ...partsOf(type)];
  return (
    !layoutOf(type).pointers && parts.every(({ kind }) => !['bool', 's8', 'u8', 's16', 'u16', 'flags'].includes(kind))
  );
}

function partsOf(type: ValueType): ValueType[] {
  const inner = (parts: readonly (ValueType | undefined)[]): ValueType[] =>
    parts.flatMap((part) => (part === undefined ? [] : [part, ...partsOf(part)]));
  switch (type.kind) {
    case 'record':
      return inner(type.fields.map((field) => field.type));
    case 'variant':
      return inner(type.cases.map((member) => member.type));
    case 'tuple':
      return inner(type.elements);
    case 'option':
      return inner([type.some]);
    case 'result':
      return inner([type.ok, type.error]);
    case 'list':
      return inner([type.element]);
    default:
      return [];
  }
}

function sampleOf<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, seed: number): T[] {
  return fc.sample(arbitrary, { numRuns, seed });
}

export function callsFor(type: ValueType, index: number, oracle: 'jco' | 'wasmtime'): ProbeCall[] {
  const { size, flat, pointers } = layoutOf(type);
  const make = (name: string, argType: ValueType, resultType: ValueType | null, args: readonly Value[]): ProbeCall[] =>
    args.map((arg) => ({ export: `${name}-t${index}`, type, arg, argType, resultType }));
  const values = sampleOf(valueOf(type), 8, index + 1);
  const calls = make('echo', list(type), list(type), [values]);
  // Where a string lies is the allocator's doing, and the two glues ask it in different orders: no bytes to compare.
  if (pointers) return calls;
  calls.push(
    ...make(
      'dump',
      list(type),
      list(u8),
      values.map((value) => [value]),
    ),
  );
  if (flat !== undefined && (oracle === 'wasmtime' || !F32_IN_I64.includes(type)))
    calls.push(...make('flat', type, list(u64), values));
  if (oracle === 'jco' && !takesAnyBits(type)) return calls;
  calls.push(...make('parse', list(u8), list(type), sampleOf(rawBytes(size), 20, index + 1)));
  const words = fc.array(rawWord, { minLength: flat?.length ?? 0, maxLength: flat?.length ?? 0 });
  if (flat !== undefined) calls.push(...make('feed', list(u64), null, sampleOf(words, 20, index + 1)));
  return calls;
}

/** What was lowered, given back to be lifted: the good bits of every type, whatever it does with bad ones. */
export function backwards(calls: readonly ProbeCall[], outcomes: readonly Outcome[]): ProbeCall[] {
  return calls.flatMap((call, index): ProbeCall[] => {
    const outcome = outcomes[index];
    if (outcome === undefined || !('value' in outcome)) return [];
    const { type, resultType } = call;
    if (resultType === null) return [];
    const back = { type, arg: outcome.value, argType: resultType };
    if (call.export.startsWith('dump'))
      return [{ ...back, export: call.export.replace('dump', 'parse'), resultType: list(type) }];
    return call.export.startsWith('flat')
      ? [{ ...back, export: call.export.replace('flat', 'feed'), resultType: null }]
      : [];
  });
}

export function callsUnderUs(component: Uint8Array, calls: readonly ProbeCall[]): Outcome[] {
  let sunk: Value;
  const sinks = TYPES.map((type, index): [string, HostItem] => [
    `sink-t${index}`,
    hostFunction([{ name: 'x', type }], undefined, (given) => void (sunk = given)),
  ]);
  const types = TYPES.flatMap(namedTypes).map((type, index): [string, HostItem] => [`t${index}`, hostType(type)]);
  const offers = new Map([
    ['probe:abi/types', new Map(types)],
    ['probe:abi/host', new Map([...sinks, ...types])],
  ]);
  let linked: LinkedComponent | undefined;
  return calls.map((call) => {
    if (linked === undefined) {
      linked = linkComponent(component, offers, { memoryPages: 16 });
      linked.start();
    }
    try {
      const value = linked.func(call.export).call(call.arg);
      return { value: call.export.startsWith('feed') ? sunk : value };
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error;
      linked = undefined;
      return { trap: trapKind(error) };
    }
  });
}

/** The types that WIT wants declared, in the order in which the probe declares them: parts before the whole. */
export function namedTypes(type: ValueType): ValueType[] {
  switch (type.kind) {
    case 'record':
      return [...type.fields.flatMap((field) => namedTypes(field.type)), type];
    case 'variant':
      return [...type.cases.flatMap((member) => (member.type === undefined ? [] : namedTypes(member.type))), type];
    case 'tuple':
      return type.elements.flatMap(namedTypes);
    case 'list':
      return namedTypes(type.element);
    case 'option':
      return namedTypes(type.some);
    case 'result':
      return [type.ok, type.error].flatMap((part) => (part === undefined ? [] : namedTypes(part)));
    case 'flags':
    case 'enum':
      return [type];
    default:
      return [];
  }
}

/** The sinks of the probe, for an oracle. */
export const SINKS = TYPES.map((type, index): OracleHostFunction => {
  const params = [{ name: 'x', type }];
  return { instance: 'probe:abi/host', name: `sink-t${index}`, params, result: null, answer: 'echo' };
});
