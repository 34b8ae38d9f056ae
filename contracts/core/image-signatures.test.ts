import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { ImageSignature } from './image-signatures.ts';
import { decodeSignatures, encodeSignatures } from './image-signatures.ts';
import { SIGNATURES_MAX_BYTES, SIGNATURES_MAX_COUNT } from './limits.ts';

const bytesOf = (length: number) => fc.nat({ max: 255 }).map((byte) => new Uint8Array(length).fill(byte));
const role = fc.constantFrom('publisher' as const, 'service' as const, 'platform' as const);
const signature: fc.Arbitrary<ImageSignature> = fc.oneof(
  fc.record({ role, algorithm: fc.constant('ecdsa-p256-sha256' as const), keyId: bytesOf(32), signature: bytesOf(64) }),
  fc.record({ role, algorithm: fc.constant('ml-dsa-65' as const), keyId: bytesOf(32), signature: bytesOf(3309) }),
);

test('decodeSignatures() gives back what encodeSignatures() was given', (t) => {
  const law = fc.property(fc.array(signature, { maxLength: SIGNATURES_MAX_COUNT }), (signatures) => {
    t.deepEqual(decodeSignatures(encodeSignatures(signatures)), signatures);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 25 }));
});

/** One signature of an ECDSA length, with fields of choice. */
const one = (role: number, algorithm: number, length = 64) =>
  new ByteWriter()
    .u16(1)
    .u8(role)
    .u8(algorithm)
    .u16(length)
    .zeros(32 + length)
    .finish();

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a role that is not known', one(4, 1), 'signature-role-unknown'],
  ['role 0', one(0, 1), 'signature-role-unknown'],
  ['an algorithm that is not known', one(1, 3), 'signature-algorithm-unknown'],
  ['a signature of another length than its algorithm has', one(1, 1, 63), 'signature-malformed'],
  ['an ML-DSA signature of ECDSA length', one(1, 2, 64), 'signature-malformed'],
  ['a count of 0, a second form of no signatures', Uint8Array.of(0, 0), 'signatures-too-large'],
  ['a count over the bound', Uint8Array.of(SIGNATURES_MAX_COUNT + 1, 0), 'signatures-too-large'],
  ['more bytes than the bound', new Uint8Array(SIGNATURES_MAX_BYTES + 1), 'signatures-too-large'],
  ['bytes after the last signature', Uint8Array.of(...one(1, 1), 0), 'layout-trailing-bytes'],
  ['a block that is cut short', one(1, 1).subarray(0, 60), 'layout-truncated'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeSignatures() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeSignatures(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeSignatures() throws nothing but its own codes, whatever the bytes', (t) => {
  codedErrorsOnly(
    t,
    decodeSignatures,
    [one(1, 1), one(3, 2, 3309)],
    [
      'signatures-too-large',
      'signature-role-unknown',
      'signature-algorithm-unknown',
      'signature-malformed',
      'layout-truncated',
      'layout-trailing-bytes',
    ],
  );
});
