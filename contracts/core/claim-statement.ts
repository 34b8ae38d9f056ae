// The claim statement: the service says which catalog a device belongs to, and whose apps it takes. Never good for another device.

import { ByteReader, ByteWriter, concatBytes, sameBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { ComponentId, DeviceId } from './ids.ts';
import { componentIdFromBytes, componentIdToBytes, deviceIdFromBytes, deviceIdToBytes } from './ids.ts';

/**
 * Layout (little-endian), 256 bytes: magic "CSMB" · u16 version = 1 · u16 zero · u32 claim epoch, from 1 · device id (64) ·
 * catalog id (16) · publisher key id (32, or zeros) · zeros to 160 · key id (32) · ECDSA P-256 signature (64).
 * The epoch rises when a device is claimed anew.
 */
export const CLAIM_STATEMENT_BYTES = 256;
const SIGNED_BYTES = 160;
const MAGIC = Uint8Array.of(0x43, 0x53, 0x4d, 0x42);
const SIGNING_CONTEXT = new TextEncoder().encode('casemate device claim v1\0');

export interface ClaimStatement {
  readonly epoch: number;
  readonly deviceId: DeviceId;
  readonly catalogId: ComponentId;
  /**
   * SHA-256 of the P-256 point whose signature the catalog's apps need beside the service's; `undefined`: none is required.
   */
  readonly publisherKeyId: Uint8Array | undefined;
}

/** A statement whose layout holds; its signature has still to be checked over `signedBytes`. */
export interface SignedClaimStatement extends ClaimStatement {
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

export type ClaimStatementErrorCode =
  'claim-size-wrong' | 'claim-magic-wrong' | 'claim-version-unsupported' | 'claim-malformed';
export class ClaimStatementError extends CodedError<ClaimStatementErrorCode> {}

const NO_KEY = new Uint8Array(32);

/** Without key id and signature: sign `claimSignedBytes` of it, then `withClaimSignature`. */
export function encodeClaimStatement({ epoch, deviceId, catalogId, publisherKeyId }: ClaimStatement): Uint8Array {
  const writer = new ByteWriter(SIGNED_BYTES).bytes(MAGIC).u16(1).u16(0).u32(epoch);
  writer
    .bytes(deviceIdToBytes(deviceId))
    .bytes(componentIdToBytes(catalogId))
    .bytes(publisherKeyId ?? NO_KEY);
  return writer.zeros(SIGNED_BYTES - writer.length).finish();
}

/** ECDSA P-256 with SHA-256 is made over these. */
export function claimSignedBytes(statement: Uint8Array): Uint8Array {
  return concatBytes(SIGNING_CONTEXT, statement.subarray(0, SIGNED_BYTES));
}

/** The whole statement, 256 bytes. */
export function withClaimSignature(statement: Uint8Array, keyId: Uint8Array, signature: Uint8Array): Uint8Array {
  return concatBytes(statement.subarray(0, SIGNED_BYTES), keyId, signature);
}

/** From bytes of any origin. Errors: `ClaimStatementErrorCode`. */
export function decodeClaimStatement(bytes: Uint8Array): SignedClaimStatement {
  if (bytes.length !== CLAIM_STATEMENT_BYTES)
    throw new ClaimStatementError('claim-size-wrong', `${bytes.length} bytes`);
  const reader = new ByteReader(bytes);
  if (!sameBytes(reader.bytes(4), MAGIC)) throw new ClaimStatementError('claim-magic-wrong', 'not a claim statement');
  const version = reader.u16();
  if (version !== 1) throw new ClaimStatementError('claim-version-unsupported', `version ${version}`);
  const reserved = reader.u16();
  const epoch = reader.u32();
  const deviceId = deviceIdFromBytes(reader.bytes(64));
  const catalogId = componentIdFromBytes(reader.bytes(16));
  const publisher = reader.bytes(32).slice();
  const padding = reader.bytes(SIGNED_BYTES - 124);
  if (reserved !== 0 || epoch === 0 || padding.some((byte) => byte !== 0))
    throw new ClaimStatementError('claim-malformed', 'reserved bytes must be zero, the epoch must not');
  return {
    epoch,
    deviceId,
    catalogId,
    publisherKeyId: sameBytes(publisher, NO_KEY) ? undefined : publisher,
    keyId: reader.bytes(32).slice(),
    signature: reader.bytes(64).slice(),
    signedBytes: claimSignedBytes(bytes),
  };
}
