// The certificates of a service in its state folder: the operator CA and the operator's certificate, the CA of its own TLS
// certificates below the service's root. Never puts the two trees together: who may operate is not who the service is.

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceRecordText } from '../../contracts/wire/service-record.ts';
import { SERVICE_RECORD_FILE } from '../../contracts/wire/service-record.ts';
import { AuthorityError } from '../domain/authority-error.ts';
import type { Clock } from '../domain/ports.ts';
import { withAuthority } from './authority-folder.ts';
import type { CertificateKind } from './certificate.ts';
import { issueCertificate } from './certificate.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';
import { holdingFolder } from './folder-lock.ts';
import { ROOT_NAME } from './root-certificate.ts';

const FILES = {
  operatorCa: 'operator-ca',
  tlsCa: 'tls-ca',
  operator: 'operator.pem',
  server: 'server.pem',
  root: 'root-ca.pem',
} as const;
const FOLDER = 'service';
const OPERATOR_CA_NAME = 'Casemate Operator CA';
const TLS_CA_NAME = 'Casemate Service TLS CA';
/** Whom the certificate names: the operator of the machine that the service runs on. */
const OPERATOR_NAME = 'operator';
/** What a client on this machine may call the listener. */
export const SERVER_NAMES = ['localhost', '127.0.0.1'] as const;

const DAY_MS = 24 * 60 * 60 * 1000;
const LIFE_DAYS = { ca: 3650, leaf: 90 } as const;
/** With so much of its life left a certificate is made anew: a third (RFC 9773 recommends no later). */
const RENEW_BEFORE_DAYS = LIFE_DAYS.leaf / 3;
/** Clocks of two machines differ. */
const BACKDATE_MS = 60_000;
const PEM_MAX_BYTES = 8192;

export interface ServiceCredentials {
  /** PEM: private key, certificate and the CA between it and the root. */
  readonly server: string;
  /** PEM of the one CA that operators' certificates come from. */
  readonly operatorCa: string;
}

/**
 * Opens the service's certificates in `state`, makes what is not there and renews what nears its end. Private files are for
 * their owner alone. Errors: `AuthorityErrorCode`.
 */
export async function openServiceFolder(state: string, clock: Clock): Promise<ServiceCredentials> {
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
      const operatorCa = await openCa(folder, FILES.operatorCa, clock, (privateKey) => ({
        name: OPERATOR_CA_NAME,
        issuer: { name: OPERATOR_CA_NAME, privateKey },
        purpose: 'client',
      }));
      const tlsCa = await openCa(folder, FILES.tlsCa, clock, () => ({
        name: TLS_CA_NAME,
        issuer: root,
        purpose: 'server',
      }));
      await openLeaf(join(folder, FILES.operator), operatorCa, OPERATOR_NAME, clock, {
        kind: 'leaf',
        purpose: 'client',
      });
      const server = await openLeaf(join(folder, FILES.server), tlsCa, SERVER_NAMES[0], clock, {
        kind: 'leaf',
        purpose: 'server',
        names: SERVER_NAMES,
      });
      return { server: `${server}${tlsCa.certificate.toString()}`, operatorCa: operatorCa.certificate.toString() };
    }),
  );
}

/** Tells the tools beside the service where it listens. */
export async function writeServiceRecord(state: string, url: string): Promise<ServiceRecordText> {
  const record = { version: 1, url, operator: `${FOLDER}/${FILES.operator}`, root: `${FOLDER}/${FILES.root}` } as const;
  const bytes = new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`);
  await writeDurableFile(join(state, SERVICE_RECORD_FILE), bytes, 0o644);
  return record;
}

interface Ca {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
}

interface CaRule {
  readonly name: string;
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject };
  readonly purpose: 'client' | 'server';
}

/** The certificate comes last: without it nobody trusts the key yet, and with it a lost key is a loss. */
async function openCa(folder: string, file: string, clock: Clock, ruleOf: (own: KeyObject) => CaRule): Promise<Ca> {
  const [keyPath, certificatePath] = [join(folder, `${file}.key.pem`), join(folder, `${file}.pem`)];
  const isMade = existsSync(certificatePath);
  if (!isMade && !existsSync(keyPath)) await writeDurableFile(keyPath, keyPem(newKey()), 0o600);
  const privateKey = await readKey(keyPath);
  const rule = ruleOf(privateKey);
  if (!isMade) {
    const der = issueCertificate({
      subject: rule.name,
      subjectKey: privateKey,
      issuer: rule.issuer,
      ...validity(clock, LIFE_DAYS.ca),
      is: { kind: 'ca', pathLength: 0, purpose: rule.purpose },
    });
    await writeDurableFile(certificatePath, pemOf(der), 0o644);
  }
  const certificate = await readCertificate(certificatePath);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new AuthorityError('authority-file-changed', `${certificatePath} does not belong to its key`, {
      fault: 'world',
      hint: 'bring the folder back from a backup',
    });
  }
  return { name: rule.name, privateKey, certificate };
}

/** Key and certificate in one file, so that no reader ever finds halves of two. */
async function openLeaf(path: string, ca: Ca, name: string, clock: Clock, is: CertificateKind): Promise<string> {
  if (existsSync(path)) {
    const text = new TextDecoder().decode(await readBoundedFile(path, PEM_MAX_BYTES, true));
    if (isFresh(text, ca, clock)) return text;
  }
  const privateKey = newKey();
  const der = issueCertificate({
    subject: name,
    subjectKey: privateKey,
    issuer: ca,
    ...validity(clock, LIFE_DAYS.leaf),
    is,
  });
  const bytes = Buffer.concat([keyPem(privateKey), pemOf(der)]);
  await writeDurableFile(path, bytes, 0o600);
  return bytes.toString('utf8');
}

function isFresh(pem: string, ca: Ca, clock: Clock): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
    if (!certificate.checkPrivateKey(createPrivateKey(pem))) return false;
  } catch {
    return false; // a leaf can be made again at any time: nobody has to know it beforehand
  }
  const renewAtMs = certificate.validToDate.getTime() - RENEW_BEFORE_DAYS * DAY_MS;
  const isNow = clock.nowMs() >= certificate.validFromDate.getTime() && clock.nowMs() < renewAtMs;
  return isNow && certificate.verify(ca.certificate.publicKey);
}

async function readKey(path: string): Promise<KeyObject> {
  const bytes = await readBoundedFile(path, PEM_MAX_BYTES, true);
  try {
    return createPrivateKey(Buffer.from(bytes));
  } catch (cause) {
    throw malformed(path, cause);
  }
}

async function readCertificate(path: string): Promise<X509Certificate> {
  const bytes = await readBoundedFile(path, PEM_MAX_BYTES, false);
  try {
    return new X509Certificate(bytes);
  } catch (cause) {
    throw malformed(path, cause);
  }
}

function validity(clock: Clock, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = clock.nowMs();
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(now + days * DAY_MS) };
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function keyPem(key: KeyObject): Uint8Array {
  return new TextEncoder().encode(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function pemOf(der: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new X509Certificate(der).toString());
}

function malformed(path: string, cause: unknown): AuthorityError {
  return new AuthorityError('authority-file-malformed', `${path} is not what the service wrote`, {
    fault: 'world',
    hint: 'bring the folder back from a backup',
    cause,
  });
}
