// Judges a device's evidence against what the service signed. Never trusts a claim of the token to judge the token, and never reads
// bytes: contracts/wire/evidence.ts did.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import type {
  EvidenceClaimName,
  EvidenceClaims,
  EvidenceComponent,
  SecurityLifecycle,
} from '../../contracts/core/evidence.ts';
import { APP_MEASUREMENT, implementationIdOf, instanceIdOf } from '../../contracts/core/evidence.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import type { MeasuredStage } from '../../contracts/core/measurement.ts';
import type { Evidence } from '../../contracts/wire/evidence.ts';

/** What the service knows to be good: bytes that it signed, made or allowed (an engine), under the type that evidence names them by. */
export interface ReferenceValue {
  readonly measurementType: string;
  /** SHA-256 of the package or file. */
  readonly digest: Uint8Array;
  readonly version: string;
}

/** The device's last accepted evidence. */
export interface LastBoot {
  readonly bootCount: number;
  readonly bootSeed: Uint8Array;
}

export interface Expectation {
  readonly deviceId: DeviceId;
  /** The one that this device was given, still fresh. */
  readonly nonce: Uint8Array;
  readonly references: readonly ReferenceValue[];
  readonly lifecycles: readonly SecurityLifecycle[];
  /**
   * SHA-256 of keys whose apps count without a reference value while the lifecycle says that there is development; none by default.
   */
  readonly developers?: readonly Uint8Array[];
  /** `undefined`: the first evidence of this device. */
  readonly last: LastBoot | undefined;
}

export interface EvidencePrimitives {
  sha256(bytes: Uint8Array): Uint8Array;
  sha512(bytes: Uint8Array): Uint8Array;
  /** ECDSA P-256 with SHA-256; key as SEC 1 point, signature r ‖ s. */
  verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

export type EvidenceRefusal =
  /** The key in the token is not the one that the device id is the digest of, or the token is another device's. */
  | 'evidence-wrong-key'
  | 'evidence-signature-invalid'
  | 'evidence-nonce-mismatch'
  | 'evidence-lifecycle-refused'
  /** A boot stage is missing, twice, or out of order. */
  | 'evidence-boot-chain-broken'
  /** Nothing of this type was ever signed; bytes that were not; a version that is not theirs. */
  | 'evidence-component-unknown'
  | 'evidence-digest-wrong'
  | 'evidence-version-wrong'
  | 'evidence-implementation-wrong'
  /** The boot count went back, or two boots have one: there are two devices with one identity, or an old state. */
  | 'evidence-device-cloned';

export type EvidenceVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: EvidenceRefusal;
      /** The claim that failed; a signature is none. */
      readonly claim: EvidenceClaimName | 'signature';
      /** For people: which component, what was wanted. */
      readonly detail: string;
    };

const CHAIN: readonly MeasuredStage[] = ['rom', 'engine', 'plutonRuntime', 'trustedKeystore', 'monitor', 'os'];
const ROM_AT = CHAIN.indexOf('rom');

type Check = () => EvidenceVerdict;
const OK: EvidenceVerdict = { ok: true };

/** The first check that fails, in an order in which nothing is believed before the signature that vouches for it. */
export function verifyEvidence(
  evidence: Evidence,
  expected: Expectation,
  primitives: EvidencePrimitives,
): EvidenceVerdict {
  const { claims } = evidence;
  const checks: readonly Check[] = [
    () => checkKey(claims, expected, primitives),
    () => checkSignature(evidence, primitives),
    () => checkNonce(claims, expected),
    () => checkLifecycle(claims, expected),
    () => checkChain(claims),
    () => checkComponents(claims, expected),
    () => checkImplementation(claims, primitives),
    () => checkBoot(claims, expected.last),
  ];
  for (const check of checks) {
    const verdict = check();
    if (!verdict.ok) return verdict;
  }
  return OK;
}

/** The first two checks alone: whether this device said it at all. */
export function verifySender(
  evidence: Evidence,
  expected: Pick<Expectation, 'deviceId'>,
  primitives: EvidencePrimitives,
): EvidenceVerdict {
  const verdict = checkKey(evidence.claims, expected, primitives);
  return verdict.ok ? checkSignature(evidence, primitives) : verdict;
}

/** The id is the digest of the key: a device cannot bring another key for its id, nor another device's id for its key. */
function checkKey(
  claims: EvidenceClaims,
  { deviceId }: Pick<Expectation, 'deviceId'>,
  primitives: EvidencePrimitives,
): EvidenceVerdict {
  const code = 'evidence-wrong-key';
  if (claims.deviceId !== deviceId) return refused(code, 'deviceId', 'evidence of another device');
  if (deviceIdOf(claims.identityKey, (bytes) => primitives.sha512(bytes)) !== deviceId)
    return refused(code, 'identityKey', 'the device id is not the digest of this key');
  const instanceId = instanceIdOf(claims.identityKey, (bytes) => primitives.sha256(bytes));
  return sameBytes(claims.instanceId, instanceId) ? OK : refused(code, 'instanceId', 'not the digest of this key');
}

function checkSignature({ claims, signedBytes, signature }: Evidence, primitives: EvidencePrimitives): EvidenceVerdict {
  if (primitives.verifyEs256(claims.identityKey, signedBytes, signature)) return OK;
  return refused('evidence-signature-invalid', 'signature', 'not signed with the device’s identity key');
}

function checkNonce(claims: EvidenceClaims, { nonce }: Expectation): EvidenceVerdict {
  return sameBytes(claims.nonce, nonce)
    ? OK
    : refused('evidence-nonce-mismatch', 'nonce', 'an answer to another nonce');
}

function checkLifecycle({ securityLifecycle: state }: EvidenceClaims, { lifecycles }: Expectation): EvidenceVerdict {
  if (lifecycles.includes(state)) return OK;
  return refused('evidence-lifecycle-refused', 'securityLifecycle', `${state}; accepted: ${lifecycles.join(', ')}`);
}

/** Exactly one of each stage of the boot, in order, and after them nothing but apps. */
function checkChain({ components }: EvidenceClaims): EvidenceVerdict {
  const types = components.map(({ measurementType }) => measurementType);
  const wrong = CHAIN.find((stage, index) => types[index] !== stage);
  if (wrong !== undefined) return broken(`${wrong} is not where it belongs`);
  const stranger = types.slice(CHAIN.length).find((type) => !type.startsWith(APP_MEASUREMENT));
  return stranger === undefined ? OK : broken(`${stranger} after the OS`);
}

function broken(detail: string): EvidenceVerdict {
  return refused('evidence-boot-chain-broken', 'softwareComponents', detail);
}

function checkComponents(claims: EvidenceClaims, expected: Expectation): EvidenceVerdict {
  for (const component of claims.components) {
    if (isDevelopers(component, claims, expected)) continue;
    const verdict = checkComponent(component, expected.references);
    if (!verdict.ok) return verdict;
  }
  return OK;
}

/** Only apps, and only while the monitor says that development is on: the signer is what it checked at the launch. */
function isDevelopers(
  { measurementType, signerId }: EvidenceComponent,
  { securityLifecycle }: EvidenceClaims,
  { developers = [] }: Expectation,
): boolean {
  if (securityLifecycle !== 'nonPsaRotDebug' || !measurementType.startsWith(APP_MEASUREMENT)) return false;
  return signerId !== undefined && developers.some((developer) => sameBytes(developer, signerId));
}

function checkComponent(
  { measurementType, digest, version }: EvidenceComponent,
  references: readonly ReferenceValue[],
): EvidenceVerdict {
  const ofType = references.filter((reference) => reference.measurementType === measurementType);
  if (ofType.length === 0) return refused('evidence-component-unknown', 'softwareComponents', measurementType);
  const ofDigest = ofType.filter((reference) => sameBytes(reference.digest, digest));
  if (ofDigest.length === 0) return refused('evidence-digest-wrong', 'softwareComponents', measurementType);
  if (ofDigest.some((reference) => reference.version === version)) return OK;
  return refused('evidence-version-wrong', 'softwareComponents', `${measurementType} calls itself ${version}`);
}

/** Recomputed from the ROM that was just found among the reference values, and from the board. */
function checkImplementation(claims: EvidenceClaims, primitives: EvidencePrimitives): EvidenceVerdict {
  const romDigest = claims.components[ROM_AT]?.digest ?? new Uint8Array(0);
  const wanted = implementationIdOf(claims.board, romDigest, (bytes) => primitives.sha256(bytes));
  if (sameBytes(claims.implementationId, wanted)) return OK;
  return refused('evidence-implementation-wrong', 'implementationId', `not that of ${claims.board} with this ROM`);
}

/** A boot has one count and one seed: the same pair again is the same boot, a higher count is a later one with a seed of its own. */
function checkBoot({ bootCount, bootSeed }: EvidenceClaims, last: LastBoot | undefined): EvidenceVerdict {
  if (last === undefined) return OK;
  const isSameSeed = sameBytes(bootSeed, last.bootSeed);
  const isSameBoot = bootCount === last.bootCount && isSameSeed;
  const isLaterBoot = bootCount > last.bootCount && !isSameSeed;
  if (isSameBoot || isLaterBoot) return OK;
  const claim = bootCount === last.bootCount ? 'bootSeed' : 'bootCount';
  return refused('evidence-device-cloned', claim, `boot ${bootCount} after boot ${last.bootCount}`);
}

function refused(code: EvidenceRefusal, claim: EvidenceClaimName | 'signature', detail: string): EvidenceVerdict {
  return { ok: false, code, claim, detail };
}
