// What endorsing, claiming and attesting ask of the database; test/support/attestation-store-conformance.ts runs on each. Types
// and a bound. Every method is atomic, and none ever answers with half of a change.

import type { DeviceId } from '../../contracts/core/ids.ts';
import type { EndorsedDevice } from '../../contracts/wire/endorsement-file.ts';
import type { Catalog, CatalogKey, DeviceGroupKey } from './resources.ts';
import type { LastBoot } from './verify-evidence.ts';

/** What the service knows of a device that some factory endorsed. */
export interface DeviceStanding {
  /** As the factory named it. */
  readonly board: string;
  readonly claim: DeviceClaim | undefined;
  /** `undefined` until evidence of this device was accepted. */
  readonly last: LastBoot | undefined;
}
export interface DeviceClaim {
  readonly catalog: CatalogKey;
  /** GUID. */
  readonly catalogId: string;
  readonly certificateSubject: Catalog['certificateSubject'];
  /** The signed claim statement that the device was given last, 256 bytes. */
  readonly statement: Uint8Array | undefined;
}

/** A nonce that evidence was accepted over. It is kept until it could not be used again anyway. */
export interface SpentNonce {
  /** Lower-case hex of SHA-256 over the nonce. */
  readonly digest: string;
  readonly expiresMs: number;
}

/** Which of a device's two certificates: for the device API, or for the customer's own clouds. */
export type CertificateUse = 'update' | 'customer';
export interface CertificateRecord {
  /** Upper-case hex, as X.509 tools show it. */
  readonly serial: string;
  readonly use: CertificateUse;
  readonly notAfterMs: number;
}

/**
 * Of one device and use, the newest: the service answers a device that does nothing but attest, and its records must not fill the
 * disk. An update certificate that is no longer on record opens nothing.
 */
export const CERTIFICATES_KEPT = 16;

export interface AcceptedEvidence {
  readonly deviceId: DeviceId;
  readonly nonce: SpentNonce;
  readonly boot: LastBoot;
  readonly nowMs: number;
}
/** `stale`: what the caller judged by has changed meanwhile; it judges again. Nothing is written then, nor for `nonce-replayed`. */
export type Acceptance = 'accepted' | 'nonce-replayed' | 'stale';

export interface AttestationStore {
  /** Adds those that are not there. One that is there keeps its board. */
  addEndorsements(
    devices: readonly EndorsedDevice[],
    by: { readonly factoryKeyId: string; readonly at: string },
  ): Promise<{ readonly added: number; readonly known: number }>;
  /** `undefined`: nobody endorsed it. */
  standing(deviceId: DeviceId): Promise<DeviceStanding | undefined>;

  /**
   * Accepts evidence of a claimed device: spends the nonce, moves the boot on, records certificates and statement. `seen` is
   * what the evidence was judged by.
   */
  acceptAttestation(
    evidence: AcceptedEvidence,
    seen: DeviceStanding,
    issued: { readonly certificates: readonly CertificateRecord[]; readonly statement: Uint8Array },
  ): Promise<Acceptance>;
  /**
   * Claims one device into a catalog by its evidence. A device of this catalog already goes into the group alone.
   * Errors: `catalog-not-found`, `product-not-found`, `device-group-not-found`, `device-claimed-elsewhere`.
   */
  claimByEvidence(
    into: ClaimPlace,
    evidence: AcceptedEvidence,
    seen: DeviceStanding,
  ): Promise<{ readonly outcome: Acceptance; readonly isNew: boolean }>;
  /**
   * Claims all of them or none; those that are in the catalog already go into the group alone. The file of one factory counts for
   * the devices that this factory endorsed and for no other's. Errors: as `claimByEvidence`, and `device-not-endorsed`.
   */
  claimEndorsed(
    into: ClaimPlace,
    deviceIds: readonly DeviceId[],
    factoryKeyId: string,
  ): Promise<{
    readonly claimed: readonly DeviceId[];
    readonly moved: readonly DeviceId[];
    readonly catalogId: string;
  }>;
  /** `false` if the catalog does not have it. Errors: `catalog-not-found`, `product-not-found`, `device-group-not-found`. */
  moveDevice(into: ClaimPlace, deviceId: DeviceId): Promise<boolean>;

  /** The device and catalog of a recorded certificate, as long as the device is claimed. */
  holderOf(
    serial: string,
    use: CertificateUse,
  ): Promise<{ readonly deviceId: DeviceId; readonly catalogId: string } | undefined>;
}

/** A group, or a catalog alone. */
export type ClaimPlace =
  { readonly kind: 'group'; readonly key: DeviceGroupKey } | { readonly kind: 'ungrouped'; readonly key: CatalogKey };
