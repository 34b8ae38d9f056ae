// What a P-256 point and signature must look like before anyone computes with them. Never verifies or makes a signature.

import { CodedError } from './coded-error.ts';

export type P256ErrorCode = 'p256-signature-malformed';
export class P256Error extends CodedError<P256ErrorCode> {}

/** Domain parameters of P-256 (NIST SP 800-186, section 3.2.1.3). */
const FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const NUMBER_BYTES = 32;

/** Whether these bytes are a SEC 1 uncompressed point that lies on the curve. A point off the curve can leak the other side's key. */
export function isP256Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 1 + 2 * NUMBER_BYTES || bytes[0] !== 4) return false;
  const x = toNumber(bytes.subarray(1, 1 + NUMBER_BYTES));
  const y = toNumber(bytes.subarray(1 + NUMBER_BYTES));
  return x < FIELD && y < FIELD && (y * y - x * x * x + 3n * x - B) % FIELD === 0n;
}

/**
 * The signature (r ‖ s, 64 bytes) with s in the lower half of the order. (r, s) and (r, n - s) are both valid for one
 * message, so without one form the same package could have two digests; strict verifiers take the lower one alone.
 * Errors: `p256-signature-malformed`.
 */
export function toLowS(signature: Uint8Array): Uint8Array {
  if (signature.length !== 2 * NUMBER_BYTES)
    throw new P256Error('p256-signature-malformed', `${signature.length} bytes`);
  const r = toNumber(signature.subarray(0, NUMBER_BYTES));
  const s = toNumber(signature.subarray(NUMBER_BYTES));
  if (r === 0n || s === 0n || r >= ORDER || s >= ORDER)
    throw new P256Error('p256-signature-malformed', 'r or s is out of range');
  // A copy for certain: the `slice` of a Node Buffer shares its memory, and the caller's bytes would change.
  const low = Uint8Array.from(signature);
  if (s > ORDER / 2n) low.set(toBytes(ORDER - s), NUMBER_BYTES);
  return low;
}

/** A private scalar from 48 bytes of entropy: (value mod (n - 1)) + 1, FIPS 186-5 section A.2.1, bias below 2^-128. 32 bytes. */
export function p256ScalarFrom(entropy: Uint8Array): Uint8Array {
  return toBytes((toNumber(entropy) % (ORDER - 1n)) + 1n);
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: NUMBER_BYTES }, (_, index) =>
    Number((value >> BigInt(8 * (NUMBER_BYTES - 1 - index))) & 0xffn),
  );
}
