// Verifies signatures by P-256 keys that came as bare points. Never takes a key in any other form: encodings with parameters of their
// own can pass for a named curve.

import { createPublicKey, verify } from 'node:crypto';
import { isP256Point } from '../../contracts/core/p256.ts';

/** ECDSA P-256 with SHA-256. `publicKey`: SEC 1 uncompressed point; `signature`: r ‖ s, 64 bytes. What is no point or signature is false. */
export function verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isP256Point(publicKey) || signature.length !== 64) return false;
  const coordinate = (from: number): string => Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
