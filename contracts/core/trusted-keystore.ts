// The trusted keystore: which public key may sign what on this device. Comes in a signed image of its own, never in an app.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { P256_PUBLIC_KEY_BYTES } from './device-capability.ts';

/**
 * Layout (little-endian): u16 version = 1, u16 count, then {u8 role, u8 algorithm = 1 (ECDSA P-256), u16 length, key}.
 * It is the component section of an image of kind trustedKeystore; the service's CA and TUF root 1 are that image's files.
 */
export const KEY_ROLE = {
  /** Signs Pluton runtime, monitor, OS and keystore images. The ROM has its digest in fuses; this is the key for later stages. */
  platform: 1,
  /** AS3's image key: signs applications. */
  serviceImage: 2,
  /** Signs device capability files. */
  deviceCapability: 3,
  /** Signs {nonce, time}. */
  time: 4,
  /** Signs claim statements. */
  deviceClaim: 5,
} as const;
export type KeyRole = keyof typeof KEY_ROLE;

export interface TrustedKey {
  readonly role: KeyRole;
  /** SEC 1 uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Uint8Array;
}

export type KeystoreErrorCode = 'keystore-version-unsupported' | 'keystore-too-large' | 'keystore-key-malformed';
export class KeystoreError extends CodedError<KeystoreErrorCode> {}

const MAX_KEYS = 32;
const ECDSA_P256 = 1;

/** Names of the files in the keystore image. */
export const KEYSTORE_FILES = { tufRoot: 'tuf/1.root.json', serviceCa: 'service-ca.der' } as const;

export function encodeTrustedKeystore(keys: readonly TrustedKey[]): Uint8Array {
  const writer = new ByteWriter().u16(1).u16(keys.length);
  for (const { role, publicKey } of keys) {
    writer.u8(KEY_ROLE[role]).u8(ECDSA_P256).u16(publicKey.length).bytes(publicKey);
  }
  return writer.finish();
}

/** Errors: `KeystoreErrorCode`, `LayoutErrorCode`. */
export function decodeTrustedKeystore(bytes: Uint8Array): readonly TrustedKey[] {
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== 1) throw new KeystoreError('keystore-version-unsupported', `version ${version}`);
  const count = reader.u16();
  if (count > MAX_KEYS) throw new KeystoreError('keystore-too-large', `${count} keys`);
  const keys = Array.from({ length: count }, () => decodeKey(reader));
  reader.end();
  return keys;
}

function decodeKey(reader: ByteReader): TrustedKey {
  const number = reader.u8();
  const role = (Object.keys(KEY_ROLE) as KeyRole[]).find((name) => KEY_ROLE[name] === number);
  const algorithm = reader.u8();
  const length = reader.u16();
  if (role === undefined || algorithm !== ECDSA_P256 || length !== P256_PUBLIC_KEY_BYTES) {
    throw new KeystoreError('keystore-key-malformed', `role ${number}, algorithm ${algorithm}, ${length} bytes`);
  }
  return { role, publicKey: reader.bytes(length) };
}
