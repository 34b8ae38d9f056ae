// Deterministic CBOR (RFC 8949, section 4.2.1), encoding only: what the monitor signs is written here. Never reads a byte of CBOR.

import { concatBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';

export type CborErrorCode = 'cbor-integer-out-of-range' | 'cbor-text-malformed' | 'cbor-key-repeated';
export class CborError extends CodedError<CborErrorCode> {}

/** A number is an integer; a Map is a map, whatever the order of its entries. There are no floats: nothing that is signed needs one. */
export type CborValue =
  | number
  | bigint
  | Uint8Array
  | string
  | boolean
  | null
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>
  | CborTagged;

export interface CborTagged {
  readonly tag: number;
  readonly value: CborValue;
}

/** RFC 8949, section 3.1. */
const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
/** RFC 8949, section 3.3. */
const FALSE = 20;
const TRUE = 21;
const NULL = 22;
const LARGEST = 0xffff_ffff_ffff_ffffn;

/**
 * The one deterministic encoding of a value. Errors: `cbor-integer-out-of-range` (not an integer of 64 bits and a sign, or a number
 * beyond 2^53), `cbor-text-malformed` (a lone surrogate), `cbor-key-repeated`.
 *
 * @example
 *   encodeCbor(new Map([[1, -7]])); // a1 01 26: the protected header of ES256
 */
export function encodeCbor(value: CborValue): Uint8Array {
  if (value === null) return head(MAJOR.simple, BigInt(NULL));
  if (typeof value === 'boolean') return head(MAJOR.simple, BigInt(value ? TRUE : FALSE));
  if (typeof value === 'number' || typeof value === 'bigint') return integer(value);
  if (typeof value === 'string') return text(value);
  if (value instanceof Uint8Array) return concatBytes(head(MAJOR.bytes, BigInt(value.length)), value);
  if (value instanceof Map) return map(value as ReadonlyMap<CborValue, CborValue>);
  if (isArray(value)) return concatBytes(head(MAJOR.array, BigInt(value.length)), ...value.map(encodeCbor));
  const { tag, value: content } = value as CborTagged;
  return concatBytes(head(MAJOR.tag, toInteger(tag, 0n)), encodeCbor(content));
}

function integer(value: number | bigint): Uint8Array {
  const exact = toInteger(value, -LARGEST - 1n);
  return exact < 0n ? head(MAJOR.negative, -1n - exact) : head(MAJOR.unsigned, exact);
}

function toInteger(value: number | bigint, smallest: bigint): bigint {
  // A number beyond 2^53 may already be another one than the caller meant.
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new CborError('cbor-integer-out-of-range', `${value} is no exact integer`, { fault: 'caller' });
  const exact = BigInt(value);
  if (exact < smallest || exact > LARGEST)
    throw new CborError('cbor-integer-out-of-range', `${exact} does not fit`, { fault: 'caller' });
  return exact;
}

function text(value: string): Uint8Array {
  const utf8 = new TextEncoder().encode(value);
  // TextEncoder writes U+FFFD in the place of a lone surrogate: two texts would become one.
  if (new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8) !== value)
    throw new CborError('cbor-text-malformed', 'a text with a lone surrogate', { fault: 'caller' });
  return concatBytes(head(MAJOR.text, BigInt(utf8.length)), utf8);
}

/** Keys rise by their encoded bytes, compared byte by byte (section 4.2.1). */
function map(entries: ReadonlyMap<CborValue, CborValue>): Uint8Array {
  const encoded = [...entries].map(([key, value]) => [encodeCbor(key), encodeCbor(value)] as const);
  encoded.sort(([a], [b]) => compareBytes(a, b));
  encoded.forEach(([key], index) => {
    const before = encoded[index - 1]?.[0];
    // 1 and 1n, or two equal byte strings, are two keys of a Map and one of CBOR.
    if (before !== undefined && compareBytes(before, key) === 0)
      throw new CborError('cbor-key-repeated', 'two keys with one encoding', { fault: 'caller' });
  });
  return concatBytes(head(MAJOR.map, BigInt(encoded.length)), ...encoded.flat());
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const differs = a.findIndex((byte, index) => byte !== b[index]);
  return differs === -1 ? a.length - b.length : (a[differs] ?? 0) - (b[differs] ?? -1);
}

/** Major type and argument in the fewest bytes. */
function head(major: number, argument: bigint): Uint8Array {
  const first = major << 5;
  if (argument < 24n) return Uint8Array.of(first | Number(argument));
  const [information, bytes] =
    argument <= 0xffn ? [24, 1] : argument <= 0xffffn ? [25, 2] : argument <= 0xffff_ffffn ? [26, 4] : [27, 8];
  const encoded = Uint8Array.from({ length: bytes + 1 }, (_, index) =>
    Number((argument >> BigInt(8 * (bytes - index))) & 0xffn),
  );
  encoded[0] = first | information;
  return encoded;
}

function isArray(value: unknown): value is readonly CborValue[] {
  return Array.isArray(value);
}
