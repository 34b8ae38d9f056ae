// How the time comes to a device: the bytes that a service's time key signs, and the build time in an OS image. Never reads a clock.

import { ByteReader, ByteWriter, concatBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';

/** Chosen by the device, answered once. */
export const TIME_NONCE_BYTES = 32;
/** Seconds since 1970 at the end of the year 9999, the last that an X.509 certificate can say (RFC 5280, section 4.1.2.5). */
export const LATEST_TIME = 253_402_300_799n;
/** What stands before the signed bytes, so that no other signature can pass for the time's. */
const SIGNING_CONTEXT = new TextEncoder().encode('casemate time v1\0');

export type TrustedTimeErrorCode = 'time-out-of-range';
export class TrustedTimeError extends CodedError<TrustedTimeErrorCode> {}

/** What the time key signs: context ‖ nonce (32) ‖ seconds (u64, little-endian). */
export function timeSigningBytes(nonce: Uint8Array, seconds: bigint): Uint8Array {
  return concatBytes(SIGNING_CONTEXT, nonce, new ByteWriter(8).u64(seconds).finish());
}

/** The content of the OS image's `BUILD_TIME_FILE`: seconds since 1970, u64, little-endian. */
export function encodeBuildTime(seconds: bigint): Uint8Array {
  return new ByteWriter(8).u64(checked(seconds)).finish();
}

/** Errors: `time-out-of-range`, `LayoutErrorCode`. */
export function decodeBuildTime(bytes: Uint8Array): bigint {
  const reader = new ByteReader(bytes);
  const seconds = reader.u64();
  reader.end();
  return checked(seconds);
}

function checked(seconds: bigint): bigint {
  if (seconds > LATEST_TIME) throw new TrustedTimeError('time-out-of-range', `${seconds} is after the year 9999`);
  return seconds;
}
