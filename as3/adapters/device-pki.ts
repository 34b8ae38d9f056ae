// The CAs that devices' certificates come from: root, policy CA, then the update CA of the service and one tenant CA of each
// catalog. Never signs a device's two certificates with one CA: what opens a customer's cloud must not open the device API.

import type { KeyObject, X509Certificate } from 'node:crypto';
import { createPublicKey, X509Certificate as Certificate } from 'node:crypto';
import { p256Spki } from '../../contracts/core/device-identity.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { parseDeviceId } from '../../contracts/core/ids.ts';
import type { CertificateWanted, DeviceCertificate } from '../domain/attest.ts';
import type { CatalogCertificate } from '../domain/catalog-certificates.ts';
import type { DevicePkiPort, UpdateCertificate } from '../domain/device-desk.ts';
import { DeviceRefusal } from '../domain/device-refusal.ts';
import type { Clock } from '../domain/ports.ts';
import type { Ca } from './ca-files.ts';
import { BACKDATE_MS, newKey, openCa } from './ca-files.ts';
import { issueCertificate } from './certificate.ts';
import { certificateBundle } from './certificate-bundle.ts';
import { holdingFolder } from './folder-lock.ts';

const POLICY_CA = { file: 'policy-ca', name: 'Casemate Policy CA' } as const;
const UPDATE_CA = { file: 'update-ca', name: 'Casemate Update CA' } as const;
const LIFE_DAYS = { policy: 3650, update: 3650, tenant: 730 } as const;
/** RFC 5280, appendix A.1: ub-common-name. */
const COMMON_NAME_MAX = 64;
const DEVICE_URN = /^URI:urn:casemate:device:([0-9a-f]{128})$/;
const CLIENT_PURPOSE = '1.3.6.1.5.5.7.3.2';

export interface DevicePkiParts {
  readonly folder: string;
  readonly root: { readonly name: string; readonly privateKey: KeyObject; readonly certificate: X509Certificate };
  readonly clock: Clock;
  /** Of a device's certificates. */
  readonly leafLifeMs: number;
}

/** The name of a device in certificates, as subject alternative name: a common name has no room for all of an id. */
export function deviceUrn(deviceId: DeviceId): string {
  return `urn:casemate:device:${deviceId}`;
}

/** Opens the CAs that every service has. Its caller holds the folder. Errors: `AuthorityErrorCode`. */
export async function openDevicePki(parts: DevicePkiParts): Promise<DevicePki> {
  const { folder, root, clock } = parts;
  const rule = { purpose: 'client' } as const;
  const policy = await openCa(folder, POLICY_CA.file, clock, {
    ...rule,
    name: POLICY_CA.name,
    issuer: root,
    curve: 'P-384',
    pathLength: 1,
    lifeDays: LIFE_DAYS.policy,
  });
  const update = await openCa(folder, UPDATE_CA.file, clock, {
    ...rule,
    name: UPDATE_CA.name,
    issuer: policy,
    curve: 'P-256',
    pathLength: 0,
    lifeDays: LIFE_DAYS.update,
  });
  return new DevicePki(parts, policy, update);
}

export class DevicePki implements DevicePkiPort {
  readonly #parts: DevicePkiParts;
  readonly #policy: Ca;
  readonly #update: Ca;
  readonly #tenants = new Map<string, Promise<Ca>>();

  constructor(parts: DevicePkiParts, policy: Ca, update: Ca) {
    this.#parts = parts;
    this.#policy = policy;
    this.#update = update;
  }

  async issue({ use, deviceId, catalogId, subject, publicKey }: CertificateWanted): Promise<DeviceCertificate> {
    const ca = use === 'update' ? this.#update : await this.#tenant(catalogId);
    const { certificate, notAfterMs } = this.#leaf(ca, {
      subject: subject === 'Full' ? deviceId : deviceId.slice(0, COMMON_NAME_MAX),
      subjectKey: createPublicKey({ key: Buffer.from(p256Spki(publicKey)), format: 'der', type: 'spki' }),
      names: [deviceUrn(deviceId)],
      lifeMs: this.#parts.leafLifeMs,
    });
    const chain = [certificate, ca.certificate, this.#policy.certificate].map(String).join('');
    return { serial: certificate.serialNumber, notAfterMs, chain };
  }

  async ofCatalog(catalogId: string): Promise<CatalogCertificate> {
    const { certificate } = await this.#tenant(catalogId);
    return factsOf(certificate);
  }

  async chainOf(catalogId: string): Promise<Uint8Array> {
    const { certificate } = await this.#tenant(catalogId);
    const chain = [certificate, this.#policy.certificate, this.#parts.root.certificate];
    return certificateBundle(chain.map(({ raw }) => new Uint8Array(raw)));
  }

  async proofOfPossession(catalogId: string, code: string): Promise<CatalogCertificate> {
    const ca = await this.#tenant(catalogId);
    // The key is thrown away: the certificate proves that the CA signs what it is asked to, and lets nobody in anywhere.
    const subjectKey = newKey('P-256');
    return factsOf(
      this.#leaf(ca, { subject: code, subjectKey, names: [], lifeMs: this.#parts.leafLifeMs }).certificate,
    );
  }

  /**
   * Who the certificate of a client is: signed by the update CA, for clients, one device's, and now between its dates. Whether the
   * peer holds its key is TLS's to say. Errors: `device-certificate-refused`, `device-certificate-expired`.
   */
  identify(der: Uint8Array): UpdateCertificate {
    const certificate = parsed(der);
    const ca = this.#update.certificate;
    const isOurs = certificate.checkIssued(ca) && certificate.verify(ca.publicKey);
    const deviceId = parseDeviceId(DEVICE_URN.exec(certificate.subjectAltName ?? '')?.[1] ?? '');
    const purposes = certificate.keyUsage as readonly string[] | undefined;
    const isForClients = purposes?.length === 1 && purposes[0] === CLIENT_PURPOSE;
    if (!isOurs || certificate.ca || !isForClients || deviceId === undefined) throw refused();
    const nowMs = this.#parts.clock.nowMs();
    for (const { validFromDate, validToDate } of [certificate, ca, this.#policy.certificate]) {
      if (nowMs >= validFromDate.getTime() && nowMs <= validToDate.getTime()) continue;
      throw new DeviceRefusal('device-certificate-expired', 'the certificate is not valid now', {
        hint: 'attest again',
      });
    }
    const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
    return { serial: certificate.serialNumber, deviceId, publicKey: Uint8Array.from(spki.subarray(-65)) };
  }

  #leaf(
    ca: Ca,
    leaf: {
      readonly subject: string;
      readonly subjectKey: KeyObject;
      readonly names: readonly string[];
      readonly lifeMs: number;
    },
  ): { readonly certificate: X509Certificate; readonly notAfterMs: number } {
    const nowMs = this.#parts.clock.nowMs();
    const caEndMs = ca.certificate.validToDate.getTime();
    if (nowMs >= caEndMs) {
      throw new DeviceRefusal('certificate-authority-expired', `${ca.name} has ended`, { fault: 'world' });
    }
    // Nothing below a CA outlives it: verifiers would disagree on what that means. Whole seconds, as X.509 has them.
    const notAfterMs = Math.floor(Math.min(nowMs + leaf.lifeMs, caEndMs) / 1000) * 1000;
    const der = issueCertificate({
      subject: leaf.subject,
      subjectKey: leaf.subjectKey,
      issuer: ca,
      notBefore: new Date(nowMs - BACKDATE_MS),
      notAfter: new Date(notAfterMs),
      is: { kind: 'leaf', purpose: 'client', names: leaf.names },
    });
    return { certificate: new Certificate(der), notAfterMs };
  }

  /** Made the first time that anyone asks for it, by whichever process is first. */
  async #tenant(catalogId: string): Promise<Ca> {
    const known = this.#tenants.get(catalogId);
    if (known !== undefined) return known;
    const opened = this.#openTenant(catalogId);
    this.#tenants.set(catalogId, opened);
    // What failed once, a disk that was full, may be tried again.
    opened.catch(() => this.#tenants.delete(catalogId));
    return opened;
  }

  async #openTenant(catalogId: string): Promise<Ca> {
    const { folder, clock } = this.#parts;
    return holdingFolder(folder, async () =>
      openCa(folder, `tenant-ca-${catalogId}`, clock, {
        name: `Casemate Catalog CA ${catalogId}`,
        issuer: this.#policy,
        purpose: 'client',
        curve: 'P-256',
        pathLength: 0,
        lifeDays: LIFE_DAYS.tenant,
      }),
    );
  }
}

function factsOf(certificate: X509Certificate): CatalogCertificate {
  return {
    serial: certificate.serialNumber,
    subject: certificate.subject,
    thumbprint: certificate.fingerprint.replaceAll(':', ''),
    der: new Uint8Array(certificate.raw),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

function parsed(der: Uint8Array): X509Certificate {
  try {
    return new Certificate(der);
  } catch (cause) {
    throw refused(cause);
  }
}

function refused(cause?: unknown): DeviceRefusal {
  return new DeviceRefusal('device-certificate-refused', 'not a device certificate of this service’s update CA', {
    hint: 'attest for a new one',
    cause,
  });
}
