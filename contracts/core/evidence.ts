// The claims of a device's evidence: a PSA attestation token (RFC 9783) with a few claims of our own. Never a secret, never a verdict.

import { encodeCbor } from './cbor.ts';
import type { CborValue } from './cbor.ts';
import { concatBytes } from './bytes.ts';
import { p256Spki } from './device-identity.ts';
import type { DeviceId } from './ids.ts';
import { deviceIdToBytes } from './ids.ts';

/** RFC 9783, section 4.5.2. */
export const EVIDENCE_PROFILE = 'tag:psacertified.org,2023:psa#tfm';

/**
 * Claim keys: RFC 9783, section 4 and RFC 9711; below -65536 is for private use (RFC 8392, section 9.1). A key that was given out is
 * never used for something else.
 */
export const EVIDENCE_CLAIM = {
  nonce: 10,
  /** UEID of type RAND. */
  instanceId: 256,
  profile: 265,
  bootSeed: 268,
  clientId: 2394,
  securityLifecycle: 2395,
  implementationId: 2396,
  softwareComponents: 2399,
  /** The 64 bytes of the device id. */
  deviceId: -70_001,
  /** Boots that attested, this one included; rises by one with each. */
  bootCount: -70_002,
  board: -70_003,
  /** SEC 1 uncompressed P-256 point of the key that the next update certificate is for. */
  certificateKey: -70_004,
  /** SEC 1 uncompressed P-256 point of the key that signs the token. It proves nothing until the device id was found to be its digest. */
  identityKey: -70_005,
  /** As `certificateKey`, of the certificate for the customer's own clouds. */
  customerKey: -70_006,
} as const;
export type EvidenceClaimName = keyof typeof EVIDENCE_CLAIM;

/** Keys in a software component (RFC 9783, section 4.4.1). */
export const COMPONENT_CLAIM = { measurementType: 1, measurementValue: 2, version: 4, signerId: 5 } as const;

/** Security lifecycle (RFC 9783, section 4.3.1); the low byte is the implementation's own, always 0 here. */
export const SECURITY_LIFECYCLE = {
  assemblyAndTest: 0x1000,
  provisioning: 0x2000,
  secured: 0x3000,
  /** The root of trust is whole, and somebody may run code of their own above it. */
  nonPsaRotDebug: 0x4000,
} as const;
export type SecurityLifecycle = keyof typeof SECURITY_LIFECYCLE;

export const EVIDENCE_NONCE_BYTES: readonly number[] = [32, 48, 64];
export const BOOT_SEED_BYTES = 32;
/** Callers of the normal world are negative (RFC 9783, section 4.1.2). There is one, the OS. */
export const OS_CLIENT_ID = -1;
/** Stands before the component id in the measurement type of an app. */
export const APP_MEASUREMENT = 'app:';
/** RFC 9783 wants a signer for every component; the ROM and the engine have none, and say so with zeros. */
export const NO_SIGNER = new Uint8Array(32);

export interface EvidenceComponent {
  /** A stage of the boot, or `app:` and a component id. */
  readonly measurementType: string;
  /** As in the measurement log (measurement.ts): of an image what its signatures are over, of ROM and engine the file. */
  readonly digest: Uint8Array;
  /** The rollback index in decimal, the one version that the monitor itself checks; the engine's own version. */
  readonly version: string;
  /** SHA-256 of the public key (SEC 1 point) whose signature let it run. */
  readonly signerId: Uint8Array | undefined;
}

export interface EvidenceClaims {
  /** 32, 48 or 64 bytes. */
  readonly nonce: Uint8Array;
  /** 33 bytes: 0x01 and SHA-256 of the identity key's SPKI. */
  readonly instanceId: Uint8Array;
  readonly clientId: number;
  readonly securityLifecycle: SecurityLifecycle;
  /** 32 bytes. */
  readonly implementationId: Uint8Array;
  /** 32 random bytes of this boot. */
  readonly bootSeed: Uint8Array;
  /** In the order in which they came to run. */
  readonly components: readonly EvidenceComponent[];
  readonly deviceId: DeviceId;
  /** 65 bytes. */
  readonly identityKey: Uint8Array;
  readonly bootCount: number;
  readonly board: string;
  /** 65 bytes; absent when no certificate is asked for. */
  readonly certificateKey: Uint8Array | undefined;
  /** 65 bytes; absent when no certificate is asked for. */
  readonly customerKey: Uint8Array | undefined;
}

/** The payload of the token, deterministic. */
export function encodeEvidenceClaims(claims: EvidenceClaims): Uint8Array {
  const map = new Map<CborValue, CborValue>([
    [EVIDENCE_CLAIM.nonce, claims.nonce],
    [EVIDENCE_CLAIM.instanceId, claims.instanceId],
    [EVIDENCE_CLAIM.profile, EVIDENCE_PROFILE],
    [EVIDENCE_CLAIM.bootSeed, claims.bootSeed],
    [EVIDENCE_CLAIM.clientId, claims.clientId],
    [EVIDENCE_CLAIM.securityLifecycle, SECURITY_LIFECYCLE[claims.securityLifecycle]],
    [EVIDENCE_CLAIM.implementationId, claims.implementationId],
    [EVIDENCE_CLAIM.softwareComponents, claims.components.map(componentMap)],
    [EVIDENCE_CLAIM.deviceId, deviceIdToBytes(claims.deviceId)],
    [EVIDENCE_CLAIM.identityKey, claims.identityKey],
    [EVIDENCE_CLAIM.bootCount, claims.bootCount],
    [EVIDENCE_CLAIM.board, claims.board],
  ]);
  if (claims.certificateKey !== undefined) map.set(EVIDENCE_CLAIM.certificateKey, claims.certificateKey);
  if (claims.customerKey !== undefined) map.set(EVIDENCE_CLAIM.customerKey, claims.customerKey);
  return encodeCbor(map);
}

function componentMap({ measurementType, digest, version, signerId }: EvidenceComponent): CborValue {
  return new Map<CborValue, CborValue>([
    [COMPONENT_CLAIM.measurementType, measurementType],
    [COMPONENT_CLAIM.measurementValue, digest],
    [COMPONENT_CLAIM.version, version],
    [COMPONENT_CLAIM.signerId, signerId ?? NO_SIGNER],
  ]);
}

/** The instance id of a device with this identity key (SEC 1 point): a UEID of type RAND (RFC 9711, section 4.2.1), 33 bytes. */
export function instanceIdOf(identityPublicKey: Uint8Array, sha256: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(1), sha256(p256Spki(identityPublicKey)));
}

/** What cannot be changed on a device: board and ROM in one digest. 32 bytes. */
export function implementationIdOf(
  board: string,
  romDigest: Uint8Array,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return sha256(encodeCbor(['casemate implementation v1', board, romDigest]));
}
