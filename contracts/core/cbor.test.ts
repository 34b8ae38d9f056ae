import test from 'ava';
import { decode, encode } from 'cbor2';
import { Tag } from 'cbor2/tag';
import fc from 'fast-check';
import { sameBytes } from './bytes.ts';
import type { CborErrorCode, CborValue } from './cbor.ts';
import { CborError, encodeCbor } from './cbor.ts';
import { bytesToHex, hexToBytes } from './ids.ts';

const map = (...entries: readonly (readonly [CborValue, CborValue])[]): CborValue => new Map(entries);
const upTo25 = Array.from({ length: 25 }, (_, index) => index + 1);

/** RFC 8949, appendix A: every line that has no float, no undefined, no unassigned simple value and no indefinite length. */
const VECTORS: readonly (readonly [CborValue, string])[] = [
  [0, '00'],
  [1, '01'],
  [10, '0a'],
  [23, '17'],
  [24, '1818'],
  [25, '1819'],
  [100, '1864'],
  [1000, '1903e8'],
  [1000000, '1a000f4240'],
  [1000000000000, '1b000000e8d4a51000'],
  [18446744073709551615n, '1bffffffffffffffff'],
  [{ tag: 2, value: hexToBytes('010000000000000000') }, 'c249010000000000000000'],
  [-18446744073709551616n, '3bffffffffffffffff'],
  [{ tag: 3, value: hexToBytes('010000000000000000') }, 'c349010000000000000000'],
  [-1, '20'],
  [-10, '29'],
  [-100, '3863'],
  [-1000, '3903e7'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  [{ tag: 0, value: '2013-03-21T20:04:00Z' }, 'c074323031332d30332d32315432303a30343a30305a'],
  [{ tag: 1, value: 1363896240 }, 'c11a514b67b0'],
  [{ tag: 23, value: hexToBytes('01020304') }, 'd74401020304'],
  [{ tag: 24, value: hexToBytes('6449455446') }, 'd818456449455446'],
  [{ tag: 32, value: 'http://www.example.com' }, 'd82076687474703a2f2f7777772e6578616d706c652e636f6d'],
  [new Uint8Array(0), '40'],
  [hexToBytes('01020304'), '4401020304'],
  ['', '60'],
  ['a', '6161'],
  ['IETF', '6449455446'],
  ['"\\', '62225c'],
  ['\u00fc', '62c3bc'],
  ['\u6c34', '63e6b0b4'],
  ['\ud800\udd51', '64f0908591'],
  [[], '80'],
  [[1, 2, 3], '83010203'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
  [upTo25, '98190102030405060708090a0b0c0d0e0f101112131415161718181819'],
  [map(), 'a0'],
  [map([1, 2], [3, 4]), 'a201020304'],
  [map(['a', 1], ['b', [2, 3]]), 'a26161016162820203'],
  [['a', map(['b', 'c'])], '826161a161626163'],
  [map(['a', 'A'], ['b', 'B'], ['c', 'C'], ['d', 'D'], ['e', 'E']), 'a56161614161626142616361436164614461656145'],
];

test('encodeCbor() writes what RFC 8949, appendix A, says', (t) => {
  for (const [value, hex] of VECTORS) t.is(bytesToHex(encodeCbor(value)), hex);
});

test('encodeCbor() takes the fewest bytes on both sides of every border', (t) => {
  const borders: readonly (readonly [bigint, number])[] = [
    [23n, 1],
    [24n, 2],
    [0xffn, 2],
    [0x100n, 3],
    [0xffffn, 3],
    [0x1_0000n, 5],
    [0xffff_ffffn, 5],
    [0x1_0000_0000n, 9],
  ];
  for (const [value, length] of borders) {
    t.is(encodeCbor(value).length, length, `${value}`);
    t.is(encodeCbor(-1n - value).length, length, `${-1n - value}`);
  }
});

test('encodeCbor() sorts keys by their encoded bytes, in whatever order the map has them', (t) => {
  // The example of RFC 8949, section 4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false.
  const keys: readonly CborValue[] = [10, 100, -1, 'z', 'aa', [100], [-1], false];
  const wanted = 'a80a001864002000617a006261610081186400812000f400';
  t.is(bytesToHex(encodeCbor(new Map(keys.map((key) => [key, 0])))), wanted);
  t.is(bytesToHex(encodeCbor(new Map([...keys].reverse().map((key) => [key, 0])))), wanted);
});

const scalar: fc.Arbitrary<CborValue> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 30 }),
    // Keys of one kind, so that no two of them have one encoding.
    fc.dictionary(fc.string(), tie('value')).map((object) => new Map<CborValue, CborValue>(Object.entries(object))),
    fc.uniqueArray(fc.integer()).map((keys) => new Map<CborValue, CborValue>(keys.map((key) => [key, key]))),
    // A tag that cbor2 gives no meaning of its own.
    fc.record({ tag: fc.integer({ min: 100_000, max: 200_000 }), value: tie('value') }),
  ),
}));

/** The same value in the other library's form. */
function asCbor2(value: CborValue): unknown {
  if (Array.isArray(value)) return (value as readonly CborValue[]).map(asCbor2);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [asCbor2(key), asCbor2(inner)] as const));
  if (typeof value === 'object' && value !== null && 'tag' in value) return new Tag(value.tag, asCbor2(value.value));
  return value;
}

test('cbor2 reads what encodeCbor() writes as deterministic, and writes the same bytes itself', (t) => {
  const law = fc.property(anyValue, (value) => {
    const bytes = encodeCbor(value);
    const read = decode(bytes, { cde: true, preferMap: true });
    return sameBytes(encode(read, { cde: true }), bytes) && sameBytes(encode(asCbor2(value), { cde: true }), bytes);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});

const REFUSED: readonly (readonly [why: string, value: CborValue, code: CborErrorCode])[] = [
  ['a fraction', 1.5, 'cbor-integer-out-of-range'],
  ['a number beyond 2^53, which may be another than was meant', 2 ** 53, 'cbor-integer-out-of-range'],
  ['no number', Number.NaN, 'cbor-integer-out-of-range'],
  ['2^64', 2n ** 64n, 'cbor-integer-out-of-range'],
  ['-2^64 - 1', -(2n ** 64n) - 1n, 'cbor-integer-out-of-range'],
  ['a negative tag', { tag: -1, value: 0 }, 'cbor-integer-out-of-range'],
  ['a lone surrogate', 'a\ud800', 'cbor-text-malformed'],
  ['one integer in two spellings as keys', map([1, 0], [1n, 0]), 'cbor-key-repeated'],
  ['two equal byte strings as keys', map([Uint8Array.of(1), 0], [Uint8Array.of(1), 0]), 'cbor-key-repeated'],
];
for (const [why, value, code] of REFUSED) {
  test(`encodeCbor() refuses ${why}`, (t) => {
    t.is(t.throws(() => encodeCbor(value), { instanceOf: CborError })?.code, code);
  });
}
