// How devices come into the service: a factory endorses them, an operator claims them. Never a claim of a device that nobody
// endorsed, without its own evidence or its factory's file, or of one that another catalog has.

import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { bytesToHex, parseDeviceId } from '../../contracts/core/ids.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { SignedEndorsement } from '../../contracts/wire/endorsement-file.ts';
import { EndorsementError, decodeEndorsement } from '../../contracts/wire/endorsement-file.ts';
import type { Evidence } from '../../contracts/wire/evidence.ts';
import { EvidenceError, decodeEvidence } from '../../contracts/wire/evidence.ts';
import type { Appraisal } from './appraisal.ts';
import { replayed } from './attest.ts';
import type { AttestationStore, ClaimPlace } from './attestation-store.ts';
import { publisherOf } from './claim-statements.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { factoryKeyIn } from './ledger.ts';
import type { ManagementStore } from './management-store.ts';
import type { Clock } from './ports.ts';
import type { PublisherPolicy } from './publisher-keys.ts';
import type { Catalog, CatalogKey } from './resources.ts';
import { ServiceError, claimedElsewhere, notFound } from './service-error.ts';
import type { GivenNonce, ServiceNonces } from './service-nonce.ts';
import type { EvidencePrimitives } from './verify-evidence.ts';

export interface ClaimsParts {
  readonly store: AttestationStore;
  readonly catalogs: Pick<ManagementStore, 'findCatalog'>;
  readonly appraisal: Appraisal;
  readonly nonces: ServiceNonces;
  readonly publishers: { policyOf(key: CatalogKey): Promise<PublisherPolicy> };
  readonly ledger: Ledger;
  readonly primitives: EvidencePrimitives;
  readonly clock: Clock;
  readonly journal: Journal;
}

/** As Azure Sphere's public API had it. */
export const BULK_CLAIM_MAX_DEVICES = 1000;
const ATTEMPTS = 4;

export class Claims {
  readonly #parts: ClaimsParts;

  constructor(parts: ClaimsParts) {
    this.#parts = parts;
  }

  /** For evidence of a device that is to come into this catalog. Errors: `catalog-not-found`. */
  async claimNonce(key: CatalogKey): Promise<GivenNonce> {
    const { id } = await this.#catalog(key);
    return this.#parts.nonces.give({ kind: 'claim', catalogId: id as ComponentId });
  }

  /**
   * Takes a factory's file in. Errors: `endorsement-malformed`, `endorsement-signature-invalid`, `factory-not-trusted`.
   */
  async importEndorsement(bytes: Uint8Array): Promise<{ readonly added: number; readonly known: number }> {
    const { devices, keyId } = await this.#endorsement(bytes);
    const { store, clock, journal } = this.#parts;
    const by = { factoryKeyId: bytesToHex(keyId), at: new Date(clock.nowMs()).toISOString() };
    const result = await store.addEndorsements(devices, by);
    const text = `${result.added} new of ${devices.length} devices of factory ${by.factoryKeyId.slice(0, 16)}`;
    journal.record({ kind: 'device-endorsed', catalogId: null, deviceId: null, code: null, text });
    return result;
  }

  /**
   * Claims one device into `into` by its evidence over `claimNonce`; one that the catalog has already needs none, and moves.
   * Errors: `device-id-malformed`, `catalog-not-found` and so on, `device-claimed-elsewhere`, `claim-evidence-missing`,
   * `claim-evidence-malformed`, `catalog-without-publisher-key`, and those of `Appraisal`.
   */
  async claimDevice(
    into: ClaimPlace,
    deviceId: string,
    token: Uint8Array | undefined,
  ): Promise<{ readonly isNew: boolean }> {
    const id = parsedId(deviceId);
    const catalog = await this.#catalog(into.key);
    if (token === undefined) {
      if (await this.#parts.store.moveDevice(into, id)) return { isNew: false };
      throw new ServiceError('claim-evidence-missing', 'a device comes into a catalog with evidence of its own', {
        fault: 'caller',
        hint: 'ask retrieveClaimNonce, collect evidence from the device over it, and send it as claimEvidence',
      });
    }
    const subject = { catalogId: catalog.id, deviceId: id } as const;
    try {
      const isNew = await this.#claim(into, catalog, id, decodedEvidence(token));
      if (isNew)
        this.#parts.journal.record({ kind: 'device-claimed', ...subject, code: null, text: 'by its evidence' });
      return { isNew };
    } catch (error) {
      if (isCoded(error)) {
        this.#parts.journal.record({ kind: 'device-refused', ...subject, code: error.code, text: error.message });
      }
      throw error;
    }
  }

  /**
   * Claims all of `deviceIds` or none. `endorsement` is the factory's own file and names every one of them: whoever has it got
   * it with the devices. It claims none that another factory endorsed before. Errors: as `importEndorsement` and `claimDevice`,
   * `endorsement-lacks-device`, `device-not-endorsed`.
   */
  async claimDevices(
    into: ClaimPlace,
    deviceIds: readonly string[],
    endorsement: Uint8Array,
  ): Promise<{ readonly claimed: number; readonly known: number }> {
    const { store, publishers, journal } = this.#parts;
    const ids = [...new Set(deviceIds.map(parsedId))];
    if (ids.length === 0 || ids.length > BULK_CLAIM_MAX_DEVICES) {
      throw new ServiceError('field-malformed', `deviceIdentifiers: 1 to ${BULK_CLAIM_MAX_DEVICES} devices`, {
        fault: 'caller',
        details: { field: 'deviceIdentifiers' },
      });
    }
    await this.#catalog(into.key);
    publisherOf(await publishers.policyOf(into.key));
    const { devices, keyId } = await this.#endorsement(endorsement);
    const endorsed = new Set(devices.map(({ deviceId }) => deviceId));
    const stranger = ids.find((id) => !endorsed.has(id));
    if (stranger !== undefined) {
      throw new ServiceError('endorsement-lacks-device', 'the endorsement does not name every one of these devices', {
        fault: 'caller',
        details: { deviceId: stranger },
      });
    }
    await this.importEndorsement(endorsement);
    const { claimed, moved, catalogId } = await store.claimEndorsed(into, ids, bytesToHex(keyId));
    for (const deviceId of claimed) {
      journal.record({ kind: 'device-claimed', catalogId, deviceId, code: null, text: 'by its factory’s endorsement' });
    }
    return { claimed: claimed.length, known: moved.length };
  }

  /** Errors: `device-id-malformed`, `catalog-not-found` and so on, `device-not-found`. */
  async moveDevice(into: ClaimPlace, deviceId: string): Promise<void> {
    const id = parsedId(deviceId);
    if (!(await this.#parts.store.moveDevice(into, id))) throw notFound('device-not-found', id);
  }

  async #claim(into: ClaimPlace, catalog: Catalog, deviceId: DeviceId, evidence: Evidence): Promise<boolean> {
    const { store, appraisal, publishers } = this.#parts;
    if (evidence.claims.deviceId !== deviceId) {
      throw new DeviceRefusal('evidence-wrong-key', 'evidence of another device than the one that is to be claimed', {
        details: { claim: 'deviceId' },
      });
    }
    publisherOf(await publishers.policyOf(into.key));
    appraisal.requireSender(evidence);
    const purpose = { kind: 'claim', catalogId: catalog.id as ComponentId } as const;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const standing = await store.standing(deviceId);
      if (standing === undefined) throw new DeviceRefusal('device-unknown', 'no factory has endorsed this device');
      // Before its apps are judged by what this catalog has: they are the other one's.
      if (standing.claim !== undefined && standing.claim.catalogId !== catalog.id) throw claimedElsewhere(deviceId);
      const accepted = await appraisal.appraise(evidence, standing, purpose, catalog.id);
      const { outcome, isNew } = await store.claimByEvidence(into, accepted, standing);
      if (outcome === 'accepted') return isNew;
      if (outcome === 'nonce-replayed') throw replayed();
    }
    throw new DeviceRefusal('evidence-device-cloned', 'evidence of other boots keeps arriving', {
      details: { claim: 'bootSeed' },
    });
  }

  async #endorsement(bytes: Uint8Array): Promise<SignedEndorsement> {
    const { ledger, primitives } = this.#parts;
    const file = decoded(bytes);
    const key = factoryKeyIn(await ledger.entries(), bytesToHex(file.keyId));
    if (key === undefined) {
      throw new ServiceError('factory-not-trusted', 'the factory that signed this is not one that the service trusts', {
        fault: 'caller',
        hint: 'on the service’s machine: authority.ts trust-factory --dir DIR --key BASE64',
        details: { keyId: bytesToHex(file.keyId) },
      });
    }
    if (primitives.verifyEs256(key, file.signedBytes, file.signature)) return file;
    throw new ServiceError('endorsement-signature-invalid', 'the factory’s signature does not hold', {
      fault: 'caller',
    });
  }

  async #catalog(key: CatalogKey): Promise<Catalog> {
    const catalog = await this.#parts.catalogs.findCatalog(key);
    if (catalog === undefined) throw notFound('catalog-not-found', key.catalog);
    return catalog;
  }
}

function parsedId(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (id !== undefined) return id;
  throw new DeviceRefusal('device-id-malformed', 'a device is named by the 128 hex digits of its id', {
    fault: 'caller',
  });
}

function decoded(bytes: Uint8Array): SignedEndorsement {
  try {
    return decodeEndorsement(bytes);
  } catch (cause) {
    if (!(cause instanceof EndorsementError)) throw cause;
    const message = `the endorsement is malformed: ${cause.code}: ${cause.message}`;
    throw new ServiceError('endorsement-malformed', message, { fault: 'caller', cause });
  }
}

function decodedEvidence(token: Uint8Array): Evidence {
  try {
    return decodeEvidence(token);
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause;
    const message = `claimEvidence is malformed: ${cause.code}: ${cause.message}`;
    const { claim } = cause.details;
    throw new ServiceError('claim-evidence-malformed', message, {
      fault: 'caller',
      cause,
      ...(typeof claim === 'string' ? { details: { claim } } : {}),
    });
  }
}
