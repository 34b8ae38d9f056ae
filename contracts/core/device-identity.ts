// From a device's identity public key to its device id. One derivation for factory, device and service; never the private key.

import { concatBytes } from './bytes.ts';
import type { DeviceId } from './ids.ts';
import { deviceIdFromBytes, hexToBytes } from './ids.ts';

/** SubjectPublicKeyInfo up to the point: id-ecPublicKey with prime256v1, uncompressed (RFC 5480, section 2). */
const P256_SPKI_PREFIX = hexToBytes('3059301306072a8648ce3d020106082a8648ce3d030107034200');

/** DER SubjectPublicKeyInfo of a P-256 key given as SEC 1 uncompressed point (65 bytes). */
export function p256Spki(point: Uint8Array): Uint8Array {
  return concatBytes(P256_SPKI_PREFIX, point);
}

/** SHA-512 of the identity key's SPKI: whoever holds the key can check the id. */
export function deviceIdOf(identityPublicKey: Uint8Array, sha512: (bytes: Uint8Array) => Uint8Array): DeviceId {
  return deviceIdFromBytes(sha512(p256Spki(identityPublicKey)));
}
