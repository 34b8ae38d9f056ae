// COSE_Sign1 with ES256 (RFC 9052, section 4.2; RFC 9053, section 2.1): what is signed, and the envelope around it. Never signs, never reads.

import { encodeCbor } from './cbor.ts';

export const COSE_SIGN1_TAG = 18;
/** Header parameters, RFC 9052, section 3.1. */
export const COSE_HEADER = { algorithm: 1, critical: 2 } as const;
/** ECDSA with SHA-256; on P-256 here, r ‖ s of 64 bytes. */
export const COSE_ES256 = -7;
export const ES256_SIGNATURE_BYTES = 64;

/** `{1: -7}`: the algorithm is signed too, so that nobody can say later that it was another. */
const PROTECTED = encodeCbor(new Map([[COSE_HEADER.algorithm, COSE_ES256]]));
const EMPTY = new Uint8Array(0);

/**
 * The Sig_structure: hash this with SHA-256 and sign it. `protectedHeader` is the content of the byte string as it travels, ours
 * unless said otherwise; a header without parameters is a string of no bytes (section 4.4), which no signature of ours has.
 */
export function sign1SignedBytes(payload: Uint8Array, protectedHeader: Uint8Array = PROTECTED): Uint8Array {
  return encodeCbor(['Signature1', protectedHeader, EMPTY, payload]);
}

/** The tagged message. `signature` is over `sign1SignedBytes(payload)`. */
export function encodeSign1(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeCbor({ tag: COSE_SIGN1_TAG, value: [PROTECTED, new Map(), payload, signature] });
}
