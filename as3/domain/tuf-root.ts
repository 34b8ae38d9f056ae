// Makes TUF root version 1, the first link of every device's update trust. Never a later version: those are signed by the
// keys of the one before (TUF specification 1.0, section 6.1).

import type { Sha256 } from '../../contracts/core/image.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { SigningPurpose } from './authority-keys.ts';
import type { CanonicalValue } from './canonical-json.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Clock, KeyStore, Signer } from './ports.ts';
import { signerFor } from './signer-for.ts';

/** Of all metadata that the service signs. */
export const TUF_SPEC_VERSION = '1.0.31';
/** Section 4.3: root has the longest life of the roles; the service signs its successor well before. */
const ROOT_LIFE_MS = 365 * 24 * 60 * 60 * 1000;
const ROLES = {
  root: 'tuf-root',
  snapshot: 'tuf-snapshot',
  targets: 'tuf-targets',
  timestamp: 'tuf-timestamp',
} as const satisfies Readonly<Record<string, SigningPurpose>>;

/** The JSON text, a line feed at its end. One key a role, threshold 1: a service of one machine has no second custodian. */
export async function makeTufRoot(keys: KeyStore, clock: Clock, sha256: Sha256): Promise<string> {
  const listed: Record<string, CanonicalValue> = {};
  const roles: Record<string, CanonicalValue> = {};
  for (const [role, purpose] of Object.entries(ROLES)) {
    const key = tufKey(await signerFor(keys, purpose));
    const keyId = tufKeyId(key, sha256);
    listed[keyId] = key;
    roles[role] = { keyids: [keyId], threshold: 1 };
  }
  const signed = {
    _type: 'root',
    consistent_snapshot: true,
    expires: tufTime(clock.nowMs() + ROOT_LIFE_MS),
    keys: listed,
    roles,
    spec_version: TUF_SPEC_VERSION,
    version: 1,
  };
  const signer = await signerFor(keys, 'tuf-root');
  const signature = await signer.sign(new TextEncoder().encode(canonicalJson(signed)), 'der');
  const signatures = [{ keyid: tufKeyId(tufKey(signer), sha256), sig: bytesToHex(signature) }];
  return `${JSON.stringify({ signatures, signed }, undefined, 1)}\n`;
}

/** Section 4.2: key type `ecdsa`, the public key as PEM. */
export function tufKey(signer: Signer): CanonicalValue {
  return { keytype: 'ecdsa', keyval: { public: signer.publicKeyPem }, scheme: 'ecdsa-sha2-nistp256' };
}

/** Section 4.2.1: SHA-256 of the canonical form of the key. */
export function tufKeyId(key: CanonicalValue, sha256: Sha256): string {
  return bytesToHex(sha256(new TextEncoder().encode(canonicalJson(key))));
}

/** Section 4.2: ISO 8601 in UTC, whole seconds. */
export function tufTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
