// ECDSA P-256 verification in the secure world, on @noble: no engine code between a signature and its verdict. Never signs.

import { p256 } from '@noble/curves/nist.js';
import { sameBytes } from '../../../contracts/core/bytes.ts';

/**
 * Whether `signature` (r ‖ s, 64 bytes) over SHA-256 of `message` is by this key (SEC 1 uncompressed point, 65 bytes).
 * Only the lower s counts: with both, one signed package could have two digests in the measurement log.
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 65 || signature.length !== 64) return false;
  return p256.verify(signature, message, publicKey, { lowS: true, prehash: true, format: 'compact' });
}

/**
 * As `verifyP256`, for a key that is known by its SHA-256 alone: of the few keys that a signature can be by, which follow from it
 * (SEC 1, section 4.1.6), the one with this digest has to verify it.
 */
export function verifyP256ByKeyId(
  keyId: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): boolean {
  if (signature.length !== 64) return false;
  const keys = [0, 1, 2, 3].flatMap((recovery) => candidate(sha256(message), signature, recovery));
  return keys.some((key) => sameBytes(sha256(key), keyId) && verifyP256(key, message, signature));
}

/** At most one point, 65 bytes. */
function candidate(digest: Uint8Array, signature: Uint8Array, recovery: number): readonly Uint8Array[] {
  try {
    const parsed = p256.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery);
    return [parsed.recoverPublicKey(digest).toBytes(false)];
  } catch {
    return []; // not two numbers of a signature, or no point has this x
  }
}
