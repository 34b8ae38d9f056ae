// The endorsement file: a factory says which devices it made. Never proof that somebody owns one; it says that it is real.

import { ByteReader, ByteWriter, concatBytes, sameBytes } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';
import type { DeviceId } from '../core/ids.ts';
import { deviceIdFromBytes, deviceIdToBytes } from '../core/ids.ts';

/**
 * Layout (little-endian): magic "CSME" · u16 version = 1 · u16 zero · u32 count, from 1 · count times {device id (64), board
 * (32 bytes of ASCII, zeros after it)}, by device id, each id once · key id (32) · ECDSA P-256 signature (64).
 * The key id is the SHA-256 of the factory key's SEC 1 point.
 */
const MAGIC = Uint8Array.of(0x43, 0x53, 0x4d, 0x45);
const HEADER_BYTES = 12;
const BOARD_BYTES = 32;
const ENTRY_BYTES = 64 + BOARD_BYTES;
const TAIL_BYTES = 32 + 64;
const SIGNING_CONTEXT = new TextEncoder().encode('casemate endorsement v1\0');
const BOARD = /^[\x21-\x7e]{1,32}$/;

/** A factory with more devices writes more files. */
export const ENDORSEMENT_MAX_DEVICES = 10_000;
export const ENDORSEMENT_MAX_BYTES = HEADER_BYTES + ENDORSEMENT_MAX_DEVICES * ENTRY_BYTES + TAIL_BYTES;

export interface EndorsedDevice {
  readonly deviceId: DeviceId;
  /** 1 to 32 printable ASCII characters. */
  readonly board: string;
}

/** A file whose layout holds; its signature has still to be checked over `signedBytes`, with a key that somebody trusts. */
export interface SignedEndorsement {
  readonly devices: readonly EndorsedDevice[];
  readonly keyId: Uint8Array;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

export type EndorsementErrorCode =
  | 'endorsement-too-large'
  | 'endorsement-size-wrong'
  | 'endorsement-magic-wrong'
  | 'endorsement-version-unsupported'
  /** No devices, a device twice or out of order, a board that is no name. */
  | 'endorsement-malformed';
export class EndorsementError extends CodedError<EndorsementErrorCode> {}

/**
 * Without key id and signature: sign `endorsementSignedBytes` of it, then `withEndorsementSignature`.
 * Errors: `endorsement-too-large`, `endorsement-malformed`.
 */
export function encodeEndorsement(devices: readonly EndorsedDevice[]): Uint8Array {
  if (devices.length > ENDORSEMENT_MAX_DEVICES)
    throw new EndorsementError('endorsement-too-large', `${devices.length} devices`, { fault: 'caller' });
  const sorted = devices.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  if (sorted.length === 0 || !areInOrder(sorted) || sorted.some(({ board }) => !BOARD.test(board)))
    throw malformed('no devices, a device twice, or a board that is no name');
  const writer = new ByteWriter(HEADER_BYTES + sorted.length * ENTRY_BYTES);
  writer.bytes(MAGIC).u16(1).u16(0).u32(sorted.length);
  for (const { deviceId, board } of sorted) {
    const name = new TextEncoder().encode(board);
    writer
      .bytes(deviceIdToBytes(deviceId))
      .bytes(name)
      .zeros(BOARD_BYTES - name.length);
  }
  return writer.finish();
}

/** ECDSA P-256 with SHA-256 is made over these. */
export function endorsementSignedBytes(body: Uint8Array): Uint8Array {
  return concatBytes(SIGNING_CONTEXT, body);
}

/** The whole file. */
export function withEndorsementSignature(body: Uint8Array, keyId: Uint8Array, signature: Uint8Array): Uint8Array {
  return concatBytes(body, keyId, signature);
}

/** From bytes of any origin. Errors: `EndorsementErrorCode`. */
export function decodeEndorsement(bytes: Uint8Array): SignedEndorsement {
  if (bytes.length > ENDORSEMENT_MAX_BYTES)
    throw new EndorsementError('endorsement-too-large', `${bytes.length} bytes`);
  if (bytes.length < HEADER_BYTES + TAIL_BYTES)
    throw new EndorsementError('endorsement-size-wrong', `${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  if (!sameBytes(reader.bytes(4), MAGIC))
    throw new EndorsementError('endorsement-magic-wrong', 'not an endorsement file');
  const version = reader.u16();
  if (version !== 1) throw new EndorsementError('endorsement-version-unsupported', `version ${version}`);
  const reserved = reader.u16();
  const count = reader.u32();
  const bodyBytes = HEADER_BYTES + count * ENTRY_BYTES;
  if (bytes.length !== bodyBytes + TAIL_BYTES)
    throw new EndorsementError('endorsement-size-wrong', `${bytes.length} bytes for ${count} devices`);
  const devices = Array.from({ length: count }, () => decodeDevice(reader));
  // One set of devices has one file: a device that stands twice could have two boards.
  if (reserved !== 0 || count === 0 || !areInOrder(devices))
    throw malformed('devices are missing, twice or out of order');
  return {
    devices,
    keyId: reader.bytes(32).slice(),
    signature: reader.bytes(64).slice(),
    signedBytes: endorsementSignedBytes(bytes.subarray(0, bodyBytes)),
  };
}

function decodeDevice(reader: ByteReader): EndorsedDevice {
  const deviceId = deviceIdFromBytes(reader.bytes(64));
  const field = reader.bytes(BOARD_BYTES);
  const end = field.indexOf(0);
  const name = end < 0 ? field : field.subarray(0, end);
  const board = String.fromCharCode(...name);
  if (!BOARD.test(board) || field.subarray(name.length).some((byte) => byte !== 0))
    throw malformed('a board is no name');
  return { deviceId, board };
}

function areInOrder(devices: readonly EndorsedDevice[]): boolean {
  return devices.every(({ deviceId }, index) => index === 0 || (devices[index - 1]?.deviceId ?? '') < deviceId);
}

function malformed(what: string): EndorsementError {
  return new EndorsementError('endorsement-malformed', what);
}
