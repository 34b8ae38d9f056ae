// The primitives of the chip's crypto block, on node:crypto. Named curves only; keeps no key.

import type { KeyObject } from 'node:crypto';
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  randomBytes,
  sign,
} from 'node:crypto';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import type { CryptoPrimitives, Entropy } from '../hil/crypto.ts';

export const nodeCrypto: CryptoPrimitives = {
  sha256: (bytes) => plain(createHash('sha256').update(bytes).digest()),
  sha512: (bytes) => plain(createHash('sha512').update(bytes).digest()),
  hmacSha256: (key, message) => plain(createHmac('sha256', key).update(message).digest()),
  aesGcmSeal,
  aesGcmOpen,
  p256PublicKey,
  signP256: (privateKey, message) =>
    toLowS(plain(sign('sha256', message, { key: signingKey(privateKey), dsaEncoding: 'ieee-p1363' }))),
};

const GCM = { cipher: 'aes-256-gcm', nonceBytes: 12, tagBytes: 16 } as const;

function aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  const cipher = createCipheriv(GCM.cipher, key, nonce, { authTagLength: GCM.tagBytes }).setAAD(associated);
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function aesGcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array | undefined {
  if (nonce.length !== GCM.nonceBytes || sealed.length < GCM.tagBytes) return undefined;
  const end = sealed.length - GCM.tagBytes;
  const decipher = createDecipheriv(GCM.cipher, key, nonce, { authTagLength: GCM.tagBytes }).setAAD(associated);
  const plaintext = decipher.setAuthTag(sealed.subarray(end)).update(sealed.subarray(0, end));
  try {
    return concatBytes(plaintext, decipher.final());
  } catch {
    // The one thing that `final` throws for: the tag is another. No byte of what was opened leaves here.
    return undefined;
  }
}

/** A P-256 scalar of 32 bytes as PKCS #8 in PEM, for whoever takes keys in no other form. */
export function pemOfScalar(privateKey: Uint8Array): string {
  return signingKey(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The host's entropy source. */
export const hostEntropy: Entropy = (length) => plain(randomBytes(length));

function p256PublicKey(privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  return plain(ecdh.getPublicKey());
}

function signingKey(privateKey: Uint8Array): KeyObject {
  const point = p256PublicKey(privateKey);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const key = {
    kty: 'EC',
    crv: 'P-256',
    d: text(privateKey),
    x: text(point.subarray(1, 33)),
    y: text(point.subarray(33)),
  };
  return createPrivateKey({ key, format: 'jwk' });
}

/** A Uint8Array of its own: a Buffer's `slice` shares memory, which the layers above do not expect. */
function plain(bytes: Buffer): Uint8Array {
  return Uint8Array.from(bytes);
}
