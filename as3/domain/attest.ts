// Attestation: evidence in, two certificates and a claim statement out. Never a certificate for a device that is not endorsed,
// claimed and running what the service signed, and never two for one token.

import { TIME_NONCE_BYTES, timeSignedBytes } from '../../contracts/core/signed-time.ts';
import type { EvidenceClaims } from '../../contracts/core/evidence.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { parseDeviceId } from '../../contracts/core/ids.ts';
import type { Evidence } from '../../contracts/wire/evidence.ts';
import { decodeEvidence } from '../../contracts/wire/evidence.ts';
import type { Appraisal } from './appraisal.ts';
import type { AttestationStore, CertificateUse, DeviceClaim, DeviceStanding } from './attestation-store.ts';
import { statementFor } from './claim-statements.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { Journal } from './journal.ts';
import type { Clock, KeyStore } from './ports.ts';
import type { PublisherPolicy } from './publisher-keys.ts';
import type { Catalog, CatalogKey } from './resources.ts';
import type { GivenNonce, ServiceNonces } from './service-nonce.ts';
import { signerFor } from './signer-for.ts';

export interface CertificateWanted {
  readonly use: CertificateUse;
  readonly deviceId: DeviceId;
  /** GUID. */
  readonly catalogId: string;
  readonly subject: Catalog['certificateSubject'];
  /** SEC 1 uncompressed P-256 point. */
  readonly publicKey: Uint8Array;
}
export interface DeviceCertificate {
  /** Upper-case hex. */
  readonly serial: string;
  readonly notAfterMs: number;
  /** PEM: the device's certificate, then the CAs above it but for the root. */
  readonly chain: string;
}

/** The CAs below the root. */
export interface DeviceCertificates {
  /** Errors: `certificate-authority-expired`. */
  issue(wanted: CertificateWanted): Promise<DeviceCertificate>;
}

export interface AttestationParts {
  readonly store: AttestationStore;
  readonly appraisal: Appraisal;
  readonly nonces: ServiceNonces;
  readonly publishers: { policyOf(key: CatalogKey): Promise<PublisherPolicy> };
  readonly certificates: DeviceCertificates;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly journal: Journal;
}

export interface Attested {
  /** A claim statement, 256 bytes. */
  readonly claim: Uint8Array;
  /** PEM chains. */
  readonly certificates: { readonly update: string; readonly customer: string };
}

/** Two boots of one device that attest at one moment each make the other judge again; more than a few is no accident. */
const ATTEMPTS = 4;

export class Attestation {
  readonly #parts: AttestationParts;

  constructor(parts: AttestationParts) {
    this.#parts = parts;
  }

  /** The time as an answer to this nonce of 32 bytes, signed by the time key. Errors: `time-nonce-malformed`. */
  async time(nonce: Uint8Array): Promise<{ readonly seconds: number; readonly signature: Uint8Array }> {
    if (nonce.length !== TIME_NONCE_BYTES)
      throw new DeviceRefusal('time-nonce-malformed', `a nonce of ${nonce.length} bytes, not ${TIME_NONCE_BYTES}`);
    const { keys, clock } = this.#parts;
    const seconds = Math.floor(clock.nowMs() / 1000);
    const signer = await signerFor(keys, 'signed-time');
    return { seconds, signature: await signer.sign(timeSignedBytes(nonce, seconds), 'p1363') };
  }

  /** Errors: `device-id-malformed`. Whoever asks learns nothing about the device. */
  async nonce(deviceId: string): Promise<GivenNonce> {
    const id = parseDeviceId(deviceId);
    if (id === undefined) throw new DeviceRefusal('device-id-malformed', 'a device id has 128 hex digits');
    return this.#parts.nonces.give({ kind: 'attest', deviceId: id });
  }

  /** Errors: `EvidenceErrorCode`, `DeviceRefusalCode`. What is refused changes nothing. */
  async attest(token: Uint8Array): Promise<Attested> {
    const evidence = decodeEvidence(token);
    const { deviceId } = evidence.claims;
    let catalogId: string | null = null;
    try {
      this.#parts.appraisal.requireSender(evidence);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const standing = await this.#parts.store.standing(deviceId);
        if (standing === undefined) throw new DeviceRefusal('device-unknown', 'no factory has endorsed this device');
        if (standing.claim === undefined) throw new DeviceRefusal('device-unclaimed', 'no catalog has this device');
        catalogId = standing.claim.catalogId;
        const attested = await this.#accept(evidence, standing, standing.claim);
        if (attested === undefined) continue;
        const { bootCount, securityLifecycle } = evidence.claims;
        const text = `boot ${bootCount}, ${securityLifecycle}`;
        this.#parts.journal.record({ kind: 'device-attested', catalogId, deviceId, code: null, text });
        return attested;
      }
      throw new DeviceRefusal('evidence-device-cloned', 'evidence of other boots keeps arriving', {
        details: { claim: 'bootSeed' },
      });
    } catch (error) {
      if (isCoded(error)) {
        const { code, message: text } = error;
        this.#parts.journal.record({ kind: 'device-refused', catalogId, deviceId, code, text });
      }
      throw error;
    }
  }

  /** `undefined` when the device's standing changed meanwhile. */
  async #accept(evidence: Evidence, standing: DeviceStanding, claim: DeviceClaim): Promise<Attested | undefined> {
    const { store, appraisal, publishers, certificates, keys } = this.#parts;
    const { claims } = evidence;
    const { deviceId } = claims;
    const accepted = await appraisal.appraise(evidence, standing, { kind: 'attest', deviceId }, claim.catalogId);
    const wanted = certificateKeysOf(claims);
    const catalogId = claim.catalogId as ComponentId;
    const policy = () => publishers.policyOf(claim.catalog);
    const statement = await statementFor({ deviceId, catalogId, policy }, claim.statement, keys);
    const issue = async (use: CertificateUse): Promise<DeviceCertificate> =>
      certificates.issue({ use, deviceId, catalogId, subject: claim.certificateSubject, publicKey: wanted[use] });
    const issued = { update: await issue('update'), customer: await issue('customer') };
    const records = (['update', 'customer'] as const).map((use) => {
      return { serial: issued[use].serial, use, notAfterMs: issued[use].notAfterMs };
    });
    // The certificates leave only once they are on record: until then they are good for nothing.
    const outcome = await store.acceptAttestation(accepted, standing, { certificates: records, statement });
    if (outcome === 'stale') return undefined;
    if (outcome === 'nonce-replayed') throw replayed();
    return { claim: statement, certificates: { update: issued.update.chain, customer: issued.customer.chain } };
  }
}

export function replayed(): DeviceRefusal {
  return new DeviceRefusal('nonce-replayed', 'evidence over this nonce was accepted before', {
    hint: 'ask for a nonce and collect evidence over it',
    details: { claim: 'nonce' },
  });
}

/** One key for both would let whoever takes the customer's certificate speak to the device API, and the other way round. */
function certificateKeysOf({ certificateKey, customerKey, identityKey }: EvidenceClaims): {
  readonly update: Uint8Array;
  readonly customer: Uint8Array;
} {
  const claim = certificateKey === undefined ? 'certificateKey' : 'customerKey';
  const isTwo = certificateKey !== undefined && customerKey !== undefined && !sameBytes(certificateKey, customerKey);
  if (!isTwo || sameBytes(certificateKey, identityKey) || sameBytes(customerKey, identityKey)) {
    throw new DeviceRefusal('certificate-keys-missing', 'evidence for certificates names two keys of their own', {
      details: { claim },
    });
  }
  return { update: certificateKey, customer: customerKey };
}
