// Reads a device's evidence (a PSA attestation token, RFC 9783) from bytes of any origin. Never says that it is true: who checks
// the signature and the claims is as3/domain/verify-evidence.ts.

import { CodedError } from '../core/coded-error.ts';
import {
  COSE_ES256,
  COSE_HEADER,
  COSE_SIGN1_TAG,
  ES256_SIGNATURE_BYTES,
  sign1SignedBytes,
} from '../core/cose-sign1.ts';
import type { EvidenceClaimName, EvidenceClaims, EvidenceComponent, SecurityLifecycle } from '../core/evidence.ts';
import {
  BOOT_SEED_BYTES,
  COMPONENT_CLAIM,
  EVIDENCE_CLAIM,
  EVIDENCE_NONCE_BYTES,
  EVIDENCE_PROFILE,
  SECURITY_LIFECYCLE,
} from '../core/evidence.ts';
import { deviceIdFromBytes } from '../core/ids.ts';
import { EVIDENCE_MAX_BYTES, MEASUREMENT_LOG_MAX_LINES } from '../core/limits.ts';
import { isP256Point } from '../core/p256.ts';
import { decodeCbor, untagged } from './evidence-cbor.ts';

export type EvidenceErrorCode =
  | 'evidence-too-large'
  /** Not one tagged COSE_Sign1 message in deterministic CBOR. */
  | 'evidence-malformed'
  | 'evidence-algorithm-unsupported'
  | 'evidence-profile-unknown'
  /** `details.claim` names it. */
  | 'evidence-claim-missing'
  | 'evidence-claim-malformed';
export class EvidenceError extends CodedError<EvidenceErrorCode> {}

/** A token whose form holds: what it claims, and what its signature has to be checked over. */
export interface Evidence {
  readonly claims: EvidenceClaims;
  /** ECDSA P-256 with SHA-256 over these. */
  readonly signedBytes: Uint8Array;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
}

type CborMap = ReadonlyMap<unknown, unknown>;
/** Printable ASCII alone: these are shown on terminals and pages. */
const SHORT_TEXT = /^[\x20-\x7e]{1,64}$/;
const BOOT_COUNT_MAX = 0xffff_ffff;
const DIGEST_BYTES = 32;

/** Claims that are not ours are left unread. Errors: `EvidenceErrorCode`. */
export function decodeEvidence(token: Uint8Array): Evidence {
  if (token.length > EVIDENCE_MAX_BYTES) throw new EvidenceError('evidence-too-large', `${token.length} bytes`);
  const message = untagged(decodeCbor(token), COSE_SIGN1_TAG);
  if (!Array.isArray(message) || message.length !== 4) throw malformed('not a tagged COSE_Sign1 message');
  const [protectedHeader, unprotectedHeader, payload, signature] = message as readonly unknown[];
  if (!isBytes(protectedHeader) || !isMap(unprotectedHeader) || !isBytes(payload)) throw malformed('not COSE_Sign1');
  if (!isBytes(signature, ES256_SIGNATURE_BYTES)) throw malformed('no signature of 64 bytes');
  checkHeaders(decodeCbor(protectedHeader), unprotectedHeader);
  const claims = decodeCbor(payload);
  if (!isMap(claims)) throw malformed('the payload is no map of claims');
  return { claims: readClaims(claims), signedBytes: sign1SignedBytes(payload, protectedHeader), signature };
}

function checkHeaders(header: unknown, unprotected: CborMap): void {
  if (!isMap(header)) throw malformed('the protected header is no map');
  // "crit" names what a reader must understand, and there is nothing that this one does beyond the algorithm.
  if (header.has(COSE_HEADER.critical) || unprotected.has(COSE_HEADER.critical)) throw malformed('critical parameters');
  // RFC 9052, section 3: a parameter stands in one of the two, and an algorithm that is not signed could be swapped.
  if (unprotected.has(COSE_HEADER.algorithm)) throw malformed('an algorithm outside the signature');
  if (header.get(COSE_HEADER.algorithm) !== COSE_ES256)
    throw new EvidenceError('evidence-algorithm-unsupported', 'not ES256');
}

function readClaims(map: CborMap): EvidenceClaims {
  const profile = claim(map, 'profile', (value) => typeof value === 'string', 'a text');
  if (profile !== EVIDENCE_PROFILE)
    throw new EvidenceError('evidence-profile-unknown', 'another profile than PSA 2023');
  const bytes = (name: EvidenceClaimName, ...lengths: readonly number[]): Uint8Array =>
    claim(map, name, (value): value is Uint8Array => isBytes(value, ...lengths), `${lengths.join(' or ')} bytes`);
  const point = (name: EvidenceClaimName): Uint8Array =>
    claim(map, name, (value): value is Uint8Array => isBytes(value) && isP256Point(value), 'a point on P-256');
  return {
    nonce: bytes('nonce', ...EVIDENCE_NONCE_BYTES),
    instanceId: claim(map, 'instanceId', isInstanceId, 'a UEID of type RAND'),
    clientId: claim(map, 'clientId', isClientId, 'an integer of 32 bits'),
    securityLifecycle: readLifecycle(map),
    implementationId: bytes('implementationId', DIGEST_BYTES),
    bootSeed: bytes('bootSeed', BOOT_SEED_BYTES),
    components: readComponents(map),
    deviceId: deviceIdFromBytes(bytes('deviceId', 64)),
    identityKey: point('identityKey'),
    bootCount: claim(map, 'bootCount', isBootCount, 'a count of boots'),
    board: claim(map, 'board', isShortText, 'a short text'),
    certificateKey: map.has(EVIDENCE_CLAIM.certificateKey) ? point('certificateKey') : undefined,
    customerKey: map.has(EVIDENCE_CLAIM.customerKey) ? point('customerKey') : undefined,
  };
}

function readLifecycle(map: CborMap): SecurityLifecycle {
  const state = claim(map, 'securityLifecycle', (value) => typeof value === 'number', 'a number');
  const name = (Object.keys(SECURITY_LIFECYCLE) as SecurityLifecycle[]).find((candidate) => {
    const low = state - SECURITY_LIFECYCLE[candidate];
    return Number.isInteger(low) && low >= 0 && low <= 0xff;
  });
  if (name === undefined) throw claimMalformed('securityLifecycle', 'a state that a device of ours can be in');
  return name;
}

function readComponents(map: CborMap): readonly EvidenceComponent[] {
  const isList = (value: unknown): value is readonly unknown[] =>
    Array.isArray(value) && value.length > 0 && value.length <= MEASUREMENT_LOG_MAX_LINES;
  const list = claim(map, 'softwareComponents', isList, `a list of 1 to ${MEASUREMENT_LOG_MAX_LINES}`);
  return list.map(readComponent);
}

function readComponent(component: unknown): EvidenceComponent {
  const fields = isMap(component) ? component : new Map<unknown, unknown>();
  const measurementType = fields.get(COMPONENT_CLAIM.measurementType);
  const digest = fields.get(COMPONENT_CLAIM.measurementValue);
  const version = fields.get(COMPONENT_CLAIM.version);
  const signerId = fields.get(COMPONENT_CLAIM.signerId);
  if (
    !isShortText(measurementType) ||
    !isShortText(version) ||
    !isBytes(digest, DIGEST_BYTES) ||
    !isBytes(signerId, 32)
  )
    throw claimMalformed('softwareComponents', 'components with type, digest, version and signer');
  return { measurementType, digest, version, signerId: signerId.some((byte) => byte !== 0) ? signerId : undefined };
}

/** Errors: `evidence-claim-missing`, `evidence-claim-malformed`. */
function claim<Value>(
  map: CborMap,
  name: EvidenceClaimName,
  is: (value: unknown) => value is Value,
  wanted: string,
): Value {
  const value = map.get(EVIDENCE_CLAIM[name]);
  if (value === undefined)
    throw new EvidenceError('evidence-claim-missing', `no ${name}`, { details: { claim: name } });
  if (!is(value)) throw claimMalformed(name, wanted);
  return value;
}

const isBytes = (value: unknown, ...lengths: readonly number[]): value is Uint8Array =>
  value instanceof Uint8Array && (lengths.length === 0 || lengths.includes(value.length));
const isMap = (value: unknown): value is CborMap => value instanceof Map;
const isShortText = (value: unknown): value is string => typeof value === 'string' && SHORT_TEXT.test(value);
const isClientId = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value;
const isInstanceId = (value: unknown): value is Uint8Array => isBytes(value, 33) && value[0] === 1;
const isBootCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= BOOT_COUNT_MAX;

function malformed(what: string): EvidenceError {
  return new EvidenceError('evidence-malformed', what);
}

function claimMalformed(name: EvidenceClaimName, wanted: string): EvidenceError {
  return new EvidenceError('evidence-claim-malformed', `${name} is not ${wanted}`, { details: { claim: name } });
}
