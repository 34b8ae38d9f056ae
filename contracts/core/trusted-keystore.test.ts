import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { KeyRole } from './trusted-keystore.ts';
import { decodeTrustedKeystore, encodeTrustedKeystore, KEY_ROLE } from './trusted-keystore.ts';

const key = fc.record({
  role: fc.constantFrom(...(Object.keys(KEY_ROLE) as KeyRole[])),
  publicKey: fc.nat({ max: 255 }).map((byte) => new Uint8Array(65).fill(byte)),
});

test('a trusted keystore comes back as it was', (t) => {
  const law = fc.property(fc.array(key, { maxLength: 32 }), (keys) => {
    t.deepEqual(decodeTrustedKeystore(encodeTrustedKeystore(keys)), keys);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

/** One key with fields of choice. */
const one = (role: number, algorithm: number, length: number) =>
  new ByteWriter().u16(1).u16(1).u8(role).u8(algorithm).u16(length).zeros(length).finish();

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a version that is not known', Uint8Array.of(2, 0, 0, 0), 'keystore-version-unsupported'],
  ['a count over the bound', Uint8Array.of(1, 0, 33, 0), 'keystore-too-large'],
  ['a role that is not known', one(6, 1, 65), 'keystore-key-malformed'],
  ['role 0', one(0, 1, 65), 'keystore-key-malformed'],
  ['an algorithm that is not known', one(1, 2, 65), 'keystore-key-malformed'],
  ['a compressed point', one(1, 1, 33), 'keystore-key-malformed'],
  ['bytes after the last key', Uint8Array.of(...one(1, 1, 65), 0), 'layout-trailing-bytes'],
  ['a key that is cut short', one(1, 1, 65).subarray(0, 40), 'layout-truncated'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeTrustedKeystore() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeTrustedKeystore(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeTrustedKeystore() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes = ['keystore-version-unsupported', 'keystore-too-large', 'keystore-key-malformed', 'layout-truncated'];
  codes.push('layout-trailing-bytes');
  codedErrorsOnly(t, decodeTrustedKeystore, [one(1, 1, 65)], codes);
});
