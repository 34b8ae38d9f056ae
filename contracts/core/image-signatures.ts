// The signature slots at the end of an image package. Never decides which of them is needed: the monitor's policy does.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { SIGNATURES_MAX_BYTES, SIGNATURES_MAX_COUNT } from './limits.ts';

/** Layout (little-endian): u16 count, then {u8 role, u8 algorithm, u16 length, key id (32), signature}. An empty block has no bytes at all. */
export const SIGNER_ROLE = { publisher: 1, service: 2, platform: 3 } as const;
export type SignerRole = keyof typeof SIGNER_ROLE;
export const SIGNATURE_ALGORITHM = { 'ecdsa-p256-sha256': 1, 'ml-dsa-65': 2 } as const;
export type SignatureAlgorithm = keyof typeof SIGNATURE_ALGORITHM;
/** r ‖ s as two 32-byte numbers (IEEE P1363), and FIPS 204's ML-DSA-65. */
const SIGNATURE_BYTES: Readonly<Record<SignatureAlgorithm, number>> = { 'ecdsa-p256-sha256': 64, 'ml-dsa-65': 3309 };

export interface ImageSignature {
  readonly role: SignerRole;
  readonly algorithm: SignatureAlgorithm;
  /** SHA-256 of the public key: the SEC 1 uncompressed point (65 bytes) for P-256, the raw key for ML-DSA. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export type SignaturesErrorCode =
  'signatures-too-large' | 'signature-role-unknown' | 'signature-algorithm-unknown' | 'signature-malformed';
export class SignaturesError extends CodedError<SignaturesErrorCode> {}

export function encodeSignatures(signatures: readonly ImageSignature[]): Uint8Array {
  const writer = new ByteWriter();
  if (signatures.length === 0) return writer.finish();
  writer.u16(signatures.length);
  for (const { role, algorithm, keyId, signature } of signatures) {
    writer.u8(SIGNER_ROLE[role]).u8(SIGNATURE_ALGORITHM[algorithm]).u16(signature.length).bytes(keyId).bytes(signature);
  }
  return writer.finish();
}

/** Errors: `SignaturesErrorCode`, `LayoutErrorCode`. */
export function decodeSignatures(bytes: Uint8Array): readonly ImageSignature[] {
  if (bytes.length === 0) return [];
  if (bytes.length > SIGNATURES_MAX_BYTES) throw new SignaturesError('signatures-too-large', `${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  const count = reader.u16();
  if (count === 0 || count > SIGNATURES_MAX_COUNT)
    throw new SignaturesError('signatures-too-large', `${count} signatures`);
  const signatures = Array.from({ length: count }, () => decodeSignature(reader));
  reader.end();
  return signatures;
}

function decodeSignature(reader: ByteReader): ImageSignature {
  const role = nameOf(SIGNER_ROLE, reader.u8());
  if (role === undefined)
    throw new SignaturesError('signature-role-unknown', 'a signer role that this version does not know');
  const algorithm = nameOf(SIGNATURE_ALGORITHM, reader.u8());
  if (algorithm === undefined)
    throw new SignaturesError('signature-algorithm-unknown', 'an algorithm that this version does not know');
  const length = reader.u16();
  if (length !== SIGNATURE_BYTES[algorithm])
    throw new SignaturesError('signature-malformed', `${algorithm} of ${length} bytes`);
  return { role, algorithm, keyId: reader.bytes(32), signature: reader.bytes(length) };
}

function nameOf<Names extends Readonly<Record<string, number>>>(
  names: Names,
  value: number,
): (keyof Names & string) | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}
