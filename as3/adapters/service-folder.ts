// The certificates of a service in its state folder: the operator CA and the operator's certificate, the CA of its own TLS
// certificates below the service's root. Never puts the two trees together: who may operate is not who the service is.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { ServiceRecordText } from '../../contracts/wire/service-record.ts';
import { SERVICE_RECORD_FILE } from '../../contracts/wire/service-record.ts';
import { AuthorityError } from '../domain/authority-error.ts';
import type { Ledger } from '../domain/ledger.ts';
import type { Clock, KeyStore } from '../domain/ports.ts';
import { withAuthority } from './authority-folder.ts';
import type { Ca } from './ca-files.ts';
import { DAY_MS, PEM_MAX_BYTES, keyPem, newKey, openCa, pemOf, validity } from './ca-files.ts';
import type { CertificateKind } from './certificate.ts';
import { issueCertificate } from './certificate.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';
import type { DevicePki } from './device-pki.ts';
import { openDevicePki } from './device-pki.ts';
import { holdingFolder } from './folder-lock.ts';
import { LedgerFile } from './ledger-file.ts';
import { openNonceSecret } from './nonce-secret.ts';
import { ROOT_NAME } from './root-certificate.ts';

const FILES = {
  operatorCa: 'operator-ca',
  tlsCa: 'tls-ca',
  operator: 'operator.pem',
  server: 'server.pem',
  deviceServer: 'device-server.pem',
  root: 'root-ca.pem',
} as const;
const FOLDER = 'service';
const OPERATOR_CA_NAME = 'Casemate Operator CA';
const TLS_CA_NAME = 'Casemate Service TLS CA';
/** Whom the certificate names: the operator of the machine that the service runs on. */
const OPERATOR_NAME = 'operator';
/** What a client on this machine may call the listener. */
export const SERVER_NAMES = ['localhost', '127.0.0.1'] as const;

const LIFE_DAYS = { ca: 3650, leaf: 90 } as const;
/** With so much of its life left a certificate is made anew: a third (RFC 9773 recommends no later). */
const RENEW_BEFORE_DAYS = LIFE_DAYS.leaf / 3;

export interface ServiceCredentials {
  /** PEM: private key, certificate and the CA between it and the root. */
  readonly server: string;
  /** As `server`, for the listener that devices come to, with its name. */
  readonly deviceServer: string;
  /** PEM of the one CA that operators' certificates come from. */
  readonly operatorCa: string;
  /** PEM of the root CA's certificate. */
  readonly root: string;
  readonly pki: DevicePki;
  /** The authority's keys, for what a running service signs. */
  readonly keys: KeyStore;
  readonly ledger: Ledger;
  /** 32 bytes. */
  readonly nonceSecret: Uint8Array;
}

export interface ServiceFolderOptions {
  /** Of devices' certificates; 24 hours when nothing is said. */
  readonly certificateLifeMs?: number;
  /** A DNS name or IPv4 address that devices reach the service by, beside those of this machine. */
  readonly deviceHost?: string;
}

/** Azure Sphere's: a device has to show every day that it is what it was. */
const CERTIFICATE_LIFE_MS = DAY_MS;

/**
 * Opens the service's certificates in `state`, makes what is not there and renews what nears its end. Private files are for
 * their owner alone. Errors: `AuthorityErrorCode`.
 */
export async function openServiceFolder(
  state: string,
  clock: Clock,
  { certificateLifeMs = CERTIFICATE_LIFE_MS, deviceHost }: ServiceFolderOptions = {},
): Promise<ServiceCredentials> {
  const folder = join(state, FOLDER);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  } catch (cause) {
    throw new AuthorityError('authority-folder-unusable', `cannot make ${folder}: ${(cause as Error).message}`, {
      fault: 'world',
      cause,
    });
  }
  const authority = join(state, 'authority');
  return withAuthority(authority, { clock, mayMake: true }, async ({ keys, anchors }) =>
    holdingFolder(folder, async () => {
      const root = { name: ROOT_NAME, privateKey: await keys.certificateKey() };
      await writeDurableFile(join(folder, FILES.root), pemOf(Buffer.from(anchors.serviceCa, 'base64')), 0o644);
      const ca = { curve: 'P-256', pathLength: 0, lifeDays: LIFE_DAYS.ca } as const;
      const operatorCa = await openCa(folder, FILES.operatorCa, clock, {
        ...ca,
        name: OPERATOR_CA_NAME,
        issuer: undefined,
        purpose: 'client',
      });
      const tlsCa = await openCa(folder, FILES.tlsCa, clock, {
        ...ca,
        name: TLS_CA_NAME,
        issuer: root,
        purpose: 'server',
      });
      await openLeaf(join(folder, FILES.operator), operatorCa, OPERATOR_NAME, clock, {
        kind: 'leaf',
        purpose: 'client',
      });
      const server = await openLeaf(join(folder, FILES.server), tlsCa, SERVER_NAMES[0], clock, {
        kind: 'leaf',
        purpose: 'server',
        names: SERVER_NAMES,
      });
      const deviceServer = await openLeaf(join(folder, FILES.deviceServer), tlsCa, SERVER_NAMES[0], clock, {
        kind: 'leaf',
        purpose: 'server',
        names: [...SERVER_NAMES, ...(deviceHost === undefined ? [] : [deviceHost])],
      });
      const certificate = new X509Certificate(Buffer.from(anchors.serviceCa, 'base64'));
      return {
        server: `${server}${tlsCa.certificate.toString()}`,
        deviceServer: `${deviceServer}${tlsCa.certificate.toString()}`,
        operatorCa: operatorCa.certificate.toString(),
        root: certificate.toString(),
        pki: await openDevicePki({ folder, root: { ...root, certificate }, clock, leafLifeMs: certificateLifeMs }),
        keys,
        ledger: new LedgerFile(authority),
        nonceSecret: await openNonceSecret(folder),
      };
    }),
  );
}

/** Tells the tools beside the service where it listens. */
export async function writeServiceRecord(
  state: string,
  where: Omit<ServiceRecordText, 'version' | 'operator' | 'root'>,
): Promise<ServiceRecordText> {
  const record = {
    version: 1,
    ...where,
    operator: `${FOLDER}/${FILES.operator}`,
    root: `${FOLDER}/${FILES.root}`,
  } as const;
  const bytes = new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`);
  await writeDurableFile(join(state, SERVICE_RECORD_FILE), bytes, 0o644);
  return record;
}

/** Key and certificate in one file, so that no reader ever finds halves of two. */
async function openLeaf(
  path: string,
  ca: Ca,
  name: string,
  clock: Clock,
  is: Extract<CertificateKind, { kind: 'leaf' }>,
): Promise<string> {
  if (existsSync(path)) {
    const text = new TextDecoder().decode(await readBoundedFile(path, PEM_MAX_BYTES, true));
    if (isFresh(text, ca, clock, is.names)) return text;
  }
  const privateKey = newKey('P-256');
  const der = issueCertificate({
    subject: name,
    subjectKey: privateKey,
    issuer: ca,
    ...validity(clock, LIFE_DAYS.leaf * DAY_MS),
    is,
  });
  const bytes = Buffer.concat([keyPem(privateKey), pemOf(der)]);
  await writeDurableFile(path, bytes, 0o600);
  return bytes.toString('utf8');
}

function isFresh(pem: string, ca: Ca, clock: Clock, names: readonly string[] = []): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(pem))) return false;
    if (!names.every((name) => (isIPv4(name) ? certificate.checkIP(name) : certificate.checkHost(name)))) return false;
  } catch {
    return false; // a leaf can be made again at any time: nobody has to know it beforehand
  }
  const renewAtMs = certificate.validToDate.getTime() - RENEW_BEFORE_DAYS * DAY_MS;
  const isNow = clock.nowMs() >= certificate.validFromDate.getTime() && clock.nowMs() < renewAtMs;
  return isNow && certificate.verify(ca.certificate.publicKey);
}
