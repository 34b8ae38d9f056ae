import { createECDH, generateKeyPairSync, sign, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import test from 'ava';
import fc from 'fast-check';
import { isP256Point, p256ScalarFrom, toLowS } from './p256.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const point = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65));
const ORDER = p256.Point.Fn.ORDER;

function withByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[index] = value;
  return copy;
}

test('isP256Point() accepts what node:crypto and noble make', (t) => {
  t.true(isP256Point(point));
  for (let scalar = 1; scalar < 20; scalar++)
    t.true(isP256Point(p256.Point.BASE.multiply(BigInt(scalar)).toBytes(false)));
});

const BAD_POINTS: readonly (readonly [string, Uint8Array])[] = [
  ['the compressed form', p256.Point.BASE.toBytes(true)],
  ['another form byte', withByte(point, 0, 6)], // the hybrid form that OpenSSL reads
  ['a point off the curve', withByte(point, 64, (point[64] ?? 0) ^ 1)], // an invalid-curve attack
  ['zeros', new Uint8Array(65)], // how a capability file says that there is none
  ['a coordinate beyond the field', Uint8Array.from([4, ...new Uint8Array(64).fill(0xff)])],
  ['one byte less', point.subarray(0, 64)],
  ['no bytes', new Uint8Array(0)],
];
for (const [what, bytes] of BAD_POINTS) {
  test(`isP256Point() refuses ${what}`, (t) => {
    t.false(isP256Point(bytes));
  });
}

test('toLowS() keeps a signature good for node:crypto and makes it good for a strict verifier', (t) => {
  let changed = 0;
  for (let index = 0; index < 32; index++) {
    const message = new TextEncoder().encode(`message ${index}`);
    const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const low = toLowS(signature);
    if (Buffer.compare(low, signature) !== 0) changed += 1;
    t.true(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, low));
    t.true(p256.verify(low, message, point, { lowS: true }));
    t.deepEqual(toLowS(low), low);
  }
  t.true(changed > 0 && changed < 32); // else this test saw one kind of signature alone
});

const numberBytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const BAD_SIGNATURES: readonly (readonly [string, Uint8Array])[] = [
  ['63 bytes', new Uint8Array(63).fill(1)],
  ['65 bytes', new Uint8Array(65).fill(1)],
  ['r = 0', Buffer.concat([numberBytes(0n), numberBytes(1n)])], // "psychic signatures", CVE-2022-21449
  ['s = 0', Buffer.concat([numberBytes(1n), numberBytes(0n)])],
  ['r = n', Buffer.concat([numberBytes(ORDER), numberBytes(1n)])],
  ['s = n', Buffer.concat([numberBytes(1n), numberBytes(ORDER)])],
];
for (const [what, bytes] of BAD_SIGNATURES) {
  test(`toLowS() refuses ${what}`, (t) => {
    t.like(
      t.throws(() => toLowS(bytes)),
      { code: 'p256-signature-malformed' },
    );
  });
}

test('p256ScalarFrom() makes a private key of any entropy', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (entropy) => {
      const ecdh = createECDH('prime256v1');
      ecdh.setPrivateKey(p256ScalarFrom(entropy)); // throws for 0 and for n and above
      return isP256Point(new Uint8Array(ecdh.getPublicKey()));
    }),
    { numRuns: 50 },
  );
  t.deepEqual(p256ScalarFrom(numberBytes(ORDER - 1n)), new Uint8Array(numberBytes(1n)));
  t.deepEqual(p256ScalarFrom(new Uint8Array(48)), new Uint8Array(numberBytes(1n)));
});
