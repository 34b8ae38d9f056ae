// ECDSA P-256 verification in the secure world, on @noble: no engine code between a signature and its verdict. Never signs.

import { p256 } from '@noble/curves/nist.js';

/**
 * Whether `signature` (r ‖ s, 64 bytes) over SHA-256 of `message` is by this key (SEC 1 uncompressed point, 65 bytes).
 * Only the lower s counts: with both, one signed package could have two digests in the measurement log.
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 65 || signature.length !== 64) return false;
  return p256.verify(signature, message, publicKey, { lowS: true, prehash: true, format: 'compact' });
}
