// A CA as two files, key and certificate, in a folder of the service. Never makes a key in place of one that was lost: whoever
// trusts the old certificate would not trust the new one.

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AuthorityError } from '../domain/authority-error.ts';
import type { Clock } from '../domain/ports.ts';
import type { Purpose } from './certificate.ts';
import { issueCertificate } from './certificate.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';

export interface Ca {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
}

export interface CaRule {
  readonly name: string;
  /** Who signs it; `undefined`: it signs itself. */
  readonly issuer:
    { readonly name: string; readonly privateKey: KeyObject; readonly certificate?: X509Certificate } | undefined;
  readonly purpose: Purpose;
  readonly curve: 'P-256' | 'P-384';
  /** How many CA certificates may stand below it. */
  readonly pathLength: number;
  readonly lifeDays: number;
}

export const DAY_MS = 24 * 60 * 60 * 1000;
/** Clocks of two machines differ. */
export const BACKDATE_MS = 60_000;
export const PEM_MAX_BYTES = 8192;

/**
 * Opens `FILE.key.pem` and `FILE.pem`, or makes them. The certificate comes last: without it nobody trusts the key yet, and with
 * it a lost key is a loss. Its caller holds the folder. Errors: `AuthorityErrorCode`.
 */
export async function openCa(folder: string, file: string, clock: Clock, rule: CaRule): Promise<Ca> {
  const [keyPath, certificatePath] = [join(folder, `${file}.key.pem`), join(folder, `${file}.pem`)];
  const isMade = existsSync(certificatePath);
  if (!isMade && !existsSync(keyPath)) await writeDurableFile(keyPath, keyPem(newKey(rule.curve)), 0o600);
  const privateKey = await readKey(keyPath);
  if (!isMade) {
    const der = issueCertificate({
      subject: rule.name,
      subjectKey: privateKey,
      issuer: rule.issuer ?? { name: rule.name, privateKey },
      ...validity(clock, rule.lifeDays * DAY_MS, rule.issuer?.certificate),
      is: { kind: 'ca', pathLength: rule.pathLength, purpose: rule.purpose },
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

/** Nothing lives longer than what it is below. */
export function validity(
  clock: Clock,
  lifeMs: number,
  issuer?: X509Certificate,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = clock.nowMs();
  const endMs = Math.min(now + lifeMs, issuer?.validToDate.getTime() ?? Infinity);
  return { notBefore: new Date(now - BACKDATE_MS), notAfter: new Date(endMs) };
}

export function newKey(curve: CaRule['curve']): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
}

export function keyPem(key: KeyObject): Uint8Array {
  return new TextEncoder().encode(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}

export function pemOf(der: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new X509Certificate(der).toString());
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

function malformed(path: string, cause: unknown): AuthorityError {
  return new AuthorityError('authority-file-malformed', `${path} is not what the service wrote`, {
    fault: 'world',
    hint: 'bring the folder back from a backup',
    cause,
  });
}
