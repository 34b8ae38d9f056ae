import test from 'ava';
import { p256 } from '@noble/curves/nist.js';
import { concatBytes } from '../../../contracts/core/bytes.ts';
import { BenchKey } from '../../../test/support/boot-bench.ts';
import { createHash } from 'node:crypto';
import { verifyP256, verifyP256ByKeyId } from './p256.ts';

const message = new TextEncoder().encode('signed');
const key = new BenchKey();
const signature = key.sign(message);

test('of the two signatures that each signature makes only the one with the lower s counts', (t) => {
  const { r, s } = p256.Signature.fromBytes(signature, 'compact');
  const other = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('compact');
  t.true(p256.verify(other, message, key.publicKey, { lowS: false }), 'by the standard it is one');
  t.true(verifyP256(key.publicKey, message, signature));
  t.false(verifyP256(key.publicKey, message, other));
});

test('what is no key, no signature or not of this message is answered with no', (t) => {
  const rows: readonly [string, Uint8Array, Uint8Array][] = [
    ['a short signature', key.publicKey, signature.subarray(1)],
    ['a long one', key.publicKey, concatBytes(signature, Uint8Array.of(0))],
    ['zeros', key.publicKey, new Uint8Array(64)],
    ['numbers beyond the order', key.publicKey, new Uint8Array(64).fill(0xff)],
    ['a short key', key.publicKey.subarray(1), signature],
    ['a point off the curve', new Uint8Array(65).fill(4), signature],
    ["another key's", new BenchKey().publicKey, signature],
  ];
  for (const [what, publicKey, bytes] of rows) t.false(verifyP256(publicKey, message, bytes), what);
  t.false(verifyP256(key.publicKey, new Uint8Array(0), signature));
});

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

test('a key that is known by its digest alone verifies what it signed, and nothing else', (t) => {
  // Both points that one x stands for come up among a few signatures.
  for (let n = 0; n < 8; n++) {
    const signed = Uint8Array.of(n);
    t.true(verifyP256ByKeyId(key.keyId, signed, key.sign(signed), sha256));
  }
  const stranger = new BenchKey();
  const { r, s } = p256.Signature.fromBytes(signature, 'compact');
  const rows: readonly [string, Uint8Array, Uint8Array, Uint8Array][] = [
    ['another key’s signature', key.keyId, message, stranger.sign(message)],
    ['another key’s id', stranger.keyId, message, signature],
    ['another message', key.keyId, Uint8Array.of(1), signature],
    ['zeros', key.keyId, message, new Uint8Array(64)],
    ['numbers beyond the order', key.keyId, message, new Uint8Array(64).fill(0xff)],
    ['a short signature', key.keyId, message, signature.subarray(1)],
    ['a long one', key.keyId, message, concatBytes(signature, Uint8Array.of(0))],
    // It would be a second package of one content.
    ['the higher s', key.keyId, message, new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('compact')],
  ];
  for (const [what, keyId, signed, bytes] of rows) t.false(verifyP256ByKeyId(keyId, signed, bytes, sha256), what);
});
