// Which publisher stands for an image. Never believes a key id: the signature is checked with the key that the catalog registered.

import { sameBytes } from '../../contracts/core/bytes.ts';
import type { ImageSignature } from '../../contracts/core/image-signatures.ts';
import type { ImagePackage } from '../../contracts/core/image.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { PublisherPolicy } from './image-store.ts';
import { ServiceError } from './service-error.ts';

/** ECDSA P-256 with SHA-256; key as SEC 1 point, signature r ‖ s. */
export type VerifyEs256 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * The signature by the catalog's publisher; `undefined` where the catalog needs none and there is none. Errors:
 * `image-publisher-signature-missing`, `image-publisher-unknown`, `image-publisher-signature-invalid`.
 */
export function publisherSignatureOf(
  { signatures, signedBytes }: ImagePackage,
  { isRequired, key }: PublisherPolicy,
  verifyEs256: VerifyEs256,
): ImageSignature | undefined {
  const ofPublishers = signatures.filter(
    ({ role, algorithm }) => role === 'publisher' && algorithm === 'ecdsa-p256-sha256',
  );
  if (ofPublishers.length === 0) {
    if (!isRequired) return undefined;
    throw refused('image-publisher-signature-missing', 'this catalog needs the signature of its publisher');
  }
  const own = key && ofPublishers.find(({ keyId }) => sameBytes(keyId, key.keyId));
  if (key === undefined || own === undefined) {
    if (!isRequired) return undefined;
    throw refused('image-publisher-unknown', 'the publisher who signed is not the one that this catalog registered');
  }
  // Devices take the lower form of s alone.
  if (isLowS(own.signature) && verifyEs256(key.publicKey, signedBytes, own.signature)) return own;
  throw refused('image-publisher-signature-invalid', 'the publisher’s signature does not hold');
}

function isLowS(signature: Uint8Array): boolean {
  try {
    return sameBytes(toLowS(signature), signature);
  } catch (error) {
    // Numbers out of range are no signature; anything else is a fault of ours.
    if (isCoded(error)) return false;
    throw error;
  }
}

function refused(
  code: 'image-publisher-signature-missing' | 'image-publisher-unknown' | 'image-publisher-signature-invalid',
  message: string,
): ServiceError {
  const hint = 'sign it with the key that was registered under publisherKeys';
  return new ServiceError(code, message, { fault: 'caller', hint });
}
