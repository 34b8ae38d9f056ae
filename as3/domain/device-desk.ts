// What a service does about devices, put together once for both listeners. Never holds state of its own.

import type { DeviceId } from '../../contracts/core/ids.ts';
import type { AppReferences } from './app-references.ts';
import { Appraisal } from './appraisal.ts';
import type { DeviceCertificates } from './attest.ts';
import { Attestation } from './attest.ts';
import type { AttestationStore } from './attestation-store.ts';
import type { CatalogCertificates } from './catalog-certificates.ts';
import { Claims } from './claims.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import type { ManagementStore } from './management-store.ts';
import type { Clock, KeyStore } from './ports.ts';
import type { PublisherPolicy } from './publisher-keys.ts';
import type { CatalogKey } from './resources.ts';
import type { NoncePrimitives } from './service-nonce.ts';
import { ServiceNonces } from './service-nonce.ts';
import type { EvidencePrimitives } from './verify-evidence.ts';

/** A device's update certificate that holds now. */
export interface UpdateCertificate {
  /** Upper-case hex. */
  readonly serial: string;
  readonly deviceId: DeviceId;
  /** SEC 1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
}

/** Who a current update certificate says is speaking. */
export interface AttestedCaller {
  readonly deviceId: DeviceId;
  /** GUID of the catalog that the device belongs to now. */
  readonly catalogId: string;
  /** SEC 1 uncompressed P-256 point, 65 bytes. */
  readonly certificatePublicKey: Uint8Array;
}

export interface DevicePkiPort extends DeviceCertificates, CatalogCertificates {
  /** From DER. Errors: `device-certificate-refused`, `device-certificate-expired`. */
  identify(certificate: Uint8Array): UpdateCertificate;
}

export interface DeviceDeskParts {
  readonly stores: {
    readonly attestation: AttestationStore;
    readonly management: Pick<ManagementStore, 'findCatalog'>;
  };
  readonly publishers: { policyOf(key: CatalogKey): Promise<PublisherPolicy> };
  readonly apps: AppReferences;
  readonly pki: DevicePkiPort;
  readonly keys: KeyStore;
  readonly ledger: Ledger;
  /** 32 bytes that no one else has. */
  readonly nonceSecret: Uint8Array;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly noncePrimitives: NoncePrimitives;
  readonly evidencePrimitives: EvidencePrimitives;
}

export interface DeviceDesk {
  readonly attestation: Attestation;
  readonly claims: Claims;
  readonly certificates: CatalogCertificates;
  /** Errors: `device-certificate-refused`, `device-certificate-expired`. */
  identify(certificate: Uint8Array): Promise<AttestedCaller>;
}

export function deviceDesk(parts: DeviceDeskParts): DeviceDesk {
  const { stores, publishers, apps, pki, keys, ledger, clock, journal, evidencePrimitives: primitives } = parts;
  const nonces = new ServiceNonces(parts.nonceSecret, clock, parts.noncePrimitives);
  const appraisal = new Appraisal({ ledger, apps, nonces, clock, primitives });
  const shared = { store: stores.attestation, appraisal, nonces, publishers, clock, journal };
  return {
    attestation: new Attestation({ ...shared, certificates: pki, keys }),
    claims: new Claims({ ...shared, catalogs: stores.management, ledger, primitives }),
    certificates: pki,
    async identify(certificate) {
      const { serial, deviceId, publicKey } = pki.identify(certificate);
      // What was signed and never handed out, or is of a device that the catalog no longer has, opens nothing.
      const holder = await stores.attestation.holderOf(serial, 'update');
      if (holder?.deviceId !== deviceId) {
        throw new DeviceRefusal('device-certificate-refused', 'the service has no record of this certificate', {
          hint: 'attest for a new one',
        });
      }
      return { deviceId, catalogId: holder.catalogId, certificatePublicKey: publicKey };
    },
  };
}
