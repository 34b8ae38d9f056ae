// What the service's time key signs: an answer to one nonce, and the time. Never a time without the nonce that asked for it.

import { ByteWriter } from './bytes.ts';

const SIGNING_CONTEXT = new TextEncoder().encode('casemate signed time v1\0');
export const TIME_NONCE_BYTES = 32;

/** Hashed with SHA-256 and signed with ECDSA P-256. `seconds`: since 1970-01-01T00:00:00Z, without leap seconds. */
export function timeSignedBytes(nonce: Uint8Array, seconds: number): Uint8Array {
  return new ByteWriter().bytes(SIGNING_CONTEXT).bytes(nonce).u64(BigInt(seconds)).finish();
}
