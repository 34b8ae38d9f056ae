import { generateKeyPairSync, sign, verify } from 'node:crypto';
import test from 'ava';
import {
  bitString,
  boolean,
  ecdsaSignature,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  time,
  utf8String,
} from './der.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const CASES: readonly (readonly [string, Uint8Array, string])[] = [
  ['an empty sequence', sequence(), '3000'],
  ['the integer 0', integer(Uint8Array.of(0)), '020100'],
  ['an integer of zeros alone', integer(Uint8Array.of(0, 0)), '020100'],
  ['an integer with leading zeros', integer(Uint8Array.of(0, 0, 1)), '020101'],
  ['an integer with its top bit set', integer(Uint8Array.of(0x80)), '02020080'], // else it would be negative
  ['true and false', sequence(boolean(true), boolean(false)), '30060101ff010100'],
  ['a bit string', bitString(Uint8Array.of(6), 1), '03020106'],
  ['content under a context tag', implicit(2, Uint8Array.of(0x61)), '820161'],
  ['an octet string', octetString(Uint8Array.of(1, 2)), '04020102'],
  ['UTF-8 text', utf8String('é'), '0c02c3a9'],
  ['an object identifier with a two-byte arc', oid('1.2.840.10045.4.3.3'), '06082a8648ce3d040303'],
  ['a context tag', explicit(3, boolean(true)), 'a3030101ff'],
  ['a time before 2050', time(new Date('2049-12-31T23:59:59.999Z')), `170d${hex(Buffer.from('491231235959Z'))}`],
  ['a time from 2050 on', time(new Date('2050-01-01T00:00:00Z')), `180f${hex(Buffer.from('20500101000000Z'))}`],
  ['a length of 127', octetString(new Uint8Array(127)).subarray(0, 2), '047f'],
  ['a length of 128', octetString(new Uint8Array(128)).subarray(0, 3), '048180'],
  ['a length of 256', octetString(new Uint8Array(256)).subarray(0, 4), '04820100'],
];
for (const [what, bytes, expected] of CASES) {
  test(`DER of ${what}`, (t) => {
    t.is(hex(bytes), expected);
  });
}

test('a length that needs three bytes is refused and not cut', (t) => {
  t.throws(() => octetString(new Uint8Array(70_000)), { instanceOf: RangeError });
});

test('ecdsaSignature() makes of r ‖ s what OpenSSL verifies', (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (let index = 0; index < 32; index++) {
    const message = Buffer.from(`message ${index}`);
    const signature = ecdsaSignature(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    t.true(verify('sha256', message, { key: publicKey, dsaEncoding: 'der' }, signature));
  }
});
