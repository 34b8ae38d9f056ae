// Signing and verifying a matrix. The device that ran the sound OS signs, with its evidence: so the signature also says which boot stages and
// which image of the app it had measured. It does not say that the rows are true to anybody who does not trust the kit that wrote them.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { deviceIdOf, p256Spki } from '../../contracts/core/device-identity.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import type { CapabilityMatrix, MatrixSignature, UnsignedMatrix } from './matrix.ts';
import { TestkitError } from './testkit-error.ts';

/** A matrix of a manifest with every capability has some hundred rows of 300 bytes. */
const MATRIX_MAX_BYTES = 8 * 1024 * 1024;
const DEPTH_MAX = 8;

/** SHA-256 over the JSON text with the members of every object in the order of their names. */
export function matrixDigest(matrix: UnsignedMatrix): Uint8Array {
  return sha256(new TextEncoder().encode(JSON.stringify(inOrder(matrix))));
}

/** `collect`: has the device make evidence over a nonce. */
export async function signMatrix(
  matrix: UnsignedMatrix,
  collect: (nonce: Uint8Array) => Promise<Uint8Array>,
): Promise<CapabilityMatrix> {
  const digest = matrixDigest(matrix);
  const token = await collect(digest);
  const { deviceId } = decodeEvidence(token).claims;
  const text = Buffer.from(token).toString('base64');
  return { ...matrix, signature: { kind: 'device-evidence', deviceId, digest: bytesToHex(digest), token: text } };
}

export interface MatrixVerdict {
  readonly verified: boolean;
  readonly checks: {
    /** The digest in the signature is that of the rows. */
    readonly digest: boolean;
    /** The token answers this digest, and no other question. */
    readonly nonce: boolean;
    /** The key in the token signed it. */
    readonly signature: boolean;
    /** The key is the named device's. */
    readonly deviceId: boolean;
  };
  readonly deviceId: string;
  /** What the device had measured: stage and SHA-256 in hex. */
  readonly measured: readonly { readonly stage: string; readonly digest: string }[];
}

/** Errors: `matrix-malformed`, those of `decodeEvidence`. */
export function verifyMatrix(bytes: Uint8Array): {
  readonly matrix: CapabilityMatrix;
  readonly verdict: MatrixVerdict;
} {
  const matrix = parseMatrix(bytes);
  const { signature, ...unsigned } = matrix;
  const {
    claims,
    signedBytes,
    signature: signed,
  } = decodeEvidence(new Uint8Array(Buffer.from(signature.token, 'base64')));
  const digest = matrixDigest(unsigned);
  const key = createPublicKey({ key: Buffer.from(p256Spki(claims.identityKey)), format: 'der', type: 'spki' });
  const checks = {
    digest: bytesToHex(digest) === signature.digest,
    nonce: sameBytes(digest, claims.nonce),
    signature: verify('sha256', signedBytes, { key, dsaEncoding: 'ieee-p1363' }, signed),
    deviceId: deviceIdOf(claims.identityKey, sha512) === signature.deviceId && claims.deviceId === signature.deviceId,
  };
  const measured = claims.components.map(({ measurementType, digest: measure }) => {
    return { stage: measurementType, digest: bytesToHex(measure) };
  });
  const verified = Object.values(checks).every((held) => held);
  return { matrix, verdict: { verified, checks, deviceId: claims.deviceId, measured } };
}

function parseMatrix(bytes: Uint8Array): CapabilityMatrix {
  if (bytes.length > MATRIX_MAX_BYTES) throw malformed(`${bytes.length} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw malformed('it is no object');
  const { rows, signature } = value as Partial<Record<keyof CapabilityMatrix, unknown>>;
  if (!Array.isArray(rows) || !isSignature(signature)) throw malformed('it has no rows, or no signature of a device');
  return value as CapabilityMatrix;
}

function isSignature(value: unknown): value is MatrixSignature {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, deviceId, digest, token } = value as Partial<Record<keyof MatrixSignature, unknown>>;
  return kind === 'device-evidence' && [deviceId, digest, token].every((text) => typeof text === 'string');
}

function inOrder(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX) throw malformed(`nested over ${DEPTH_MAX} deep`);
  if (Array.isArray(value)) return value.map((member) => inOrder(member, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, inOrder(member, depth + 1)]));
}

function malformed(what: string, cause?: unknown): TestkitError {
  return new TestkitError('matrix-malformed', `this is no capability matrix: ${what}`, { fault: 'caller', cause });
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(bytes).digest());
}
