// One authority in one folder: made once, opened many times. Never opens a folder whose keys are not the ones it was made with.

import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustAnchorsText } from '../../contracts/wire/trust-anchors.ts';
import { AuthorityError } from '../domain/authority-error.ts';
import { AUTHORITY_KEY_NAMES, LATER_KEY_NAMES } from '../domain/authority-keys.ts';
import type { AuthorityKeyName, SigningPurpose } from '../domain/authority-keys.ts';
import type { Clock } from '../domain/ports.ts';
import { makeTufRoot } from '../domain/tuf-root.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';
import { FileKeyStore } from './file-key-store.ts';
import { holdingFolder } from './folder-lock.ts';
import { LedgerFile } from './ledger-file.ts';
import { makeRootCertificate } from './root-certificate.ts';
import { SerialFile } from './serial-file.ts';
import { signerFor } from '../domain/signer-for.ts';

const FILES = { record: 'authority.json', rootCertificate: 'root-ca.der', tufRoot: 'tuf-root-1.json' } as const;
const FILE_MAX_BYTES = 64 * 1024;
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** An opened authority. Whoever uses it holds the folder. */
export interface Authority {
  readonly keys: FileKeyStore;
  readonly serials: SerialFile;
  readonly anchors: TrustAnchorsText;
  readonly ledger: LedgerFile;
}

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/**
 * Makes the authority in `folder` if there is none, and runs `work` on it. A start that was cut short goes on where it
 * stopped: until the record is written, nobody trusts the keys. Errors: `AuthorityErrorCode`.
 */
export async function withAuthority<Result>(
  folder: string,
  options: { readonly clock: Clock; readonly mayMake: boolean },
  work: (authority: Authority) => Promise<Result>,
): Promise<Result> {
  if (options.mayMake) await makeFolder(folder);
  else if (!existsSync(join(folder, FILES.record))) throw notInitialized(folder);
  return holdingFolder(folder, async () => {
    const isMade = existsSync(join(folder, FILES.record));
    if (!isMade && options.mayMake) await makeAuthority(folder, options.clock);
    return work(await openAuthority(folder));
  });
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new AuthorityError('authority-folder-unusable', `cannot make ${folder}: ${(cause as Error).message}`, {
      fault: 'world',
      cause,
    });
  }
}

async function makeAuthority(folder: string, clock: Clock): Promise<void> {
  const keys = new FileKeyStore(join(folder, 'keys'));
  await keys.makeMissingKeys();
  const certificate = makeRootCertificate(await keys.certificateKey(), clock);
  await writeDurableFile(join(folder, FILES.rootCertificate), certificate, 0o644);
  const tufRoot = new TextEncoder().encode(await makeTufRoot(keys, clock, sha256));
  await writeDurableFile(join(folder, FILES.tufRoot), tufRoot, 0o644);
  await new SerialFile(folder).start();
  // The record comes last: from here on a lost file is a loss, not something to make again.
  await writeRecord(folder, await digestsOf(folder, keys));
}

/**
 * An authority of an earlier version gets the keys that it never had: no device trusts them yet, so none can be cut off.
 * A key that the record lists, or that the first version made, is never made here.
 */
async function addLaterKeys(
  folder: string,
  keys: FileKeyStore,
  recorded: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const missing = LATER_KEY_NAMES.filter((name) => !recorded.has(recordNameOf(name)));
  if (missing.length === 0) return recorded;
  await keys.makeMissingKeys(missing);
  const extended = new Map(recorded);
  for (const name of missing) extended.set(recordNameOf(name), await keys.fingerprint(name));
  await writeRecord(folder, Object.fromEntries(extended));
  return extended;
}

async function writeRecord(folder: string, digests: Readonly<Record<string, string>>): Promise<void> {
  const text = `${JSON.stringify({ version: 1, digests }, undefined, 2)}\n`;
  await writeDurableFile(join(folder, FILES.record), new TextEncoder().encode(text), 0o644);
}

function recordNameOf(name: AuthorityKeyName): string {
  return `keys/${name}.pem`;
}

async function openAuthority(folder: string): Promise<Authority> {
  const keys = new FileKeyStore(join(folder, 'keys'));
  const recorded = await addLaterKeys(folder, keys, await readRecord(folder));
  for (const [name, digest] of Object.entries(await digestsOf(folder, keys))) {
    if (recorded.get(name) === digest) continue;
    throw new AuthorityError(
      'authority-file-changed',
      `${name} in ${folder} is not the one that this authority was made with`,
      {
        fault: 'world',
        hint: 'bring the folder back from a backup; devices that were made with the old keys do not trust others',
        details: { name },
      },
    );
  }
  const serials = new SerialFile(folder);
  await serials.last();
  return { keys, serials, anchors: await anchorsOf(folder, keys), ledger: new LedgerFile(folder) };
}

/** What the record holds: SHA-256 of every public key's point and of the two public files, in hex. */
async function digestsOf(folder: string, keys: FileKeyStore): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of AUTHORITY_KEY_NAMES) digests[recordNameOf(name)] = await keys.fingerprint(name);
  for (const file of [FILES.rootCertificate, FILES.tufRoot]) {
    digests[file] = Buffer.from(sha256(await readBoundedFile(join(folder, file), FILE_MAX_BYTES, false))).toString(
      'hex',
    );
  }
  return digests;
}

async function readRecord(folder: string): Promise<ReadonlyMap<string, string>> {
  const path = join(folder, FILES.record);
  if (!existsSync(path)) throw notInitialized(folder);
  const text = new TextDecoder().decode(await readBoundedFile(path, FILE_MAX_BYTES, false));
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (cause) {
    throw malformedRecord(path, cause);
  }
  if (!isObject(record) || record['version'] !== 1 || !isObject(record['digests'])) throw malformedRecord(path);
  const digests = new Map<string, string>();
  for (const [name, digest] of Object.entries(record['digests'])) {
    if (typeof digest !== 'string' || !SHA256_HEX.test(digest)) throw malformedRecord(path);
    digests.set(name, digest);
  }
  return digests;
}

async function anchorsOf(folder: string, keys: FileKeyStore): Promise<TrustAnchorsText> {
  const key = async (purpose: SigningPurpose) =>
    Buffer.from((await signerFor(keys, purpose)).publicKey).toString('base64');
  const certificate = await readBoundedFile(join(folder, FILES.rootCertificate), FILE_MAX_BYTES, false);
  return {
    platformKey: await key('platform-image'),
    serviceImageKey: await key('service-image'),
    deviceCapabilityKey: await key('device-capability'),
    timeKey: await key('signed-time'),
    deviceClaimKey: await key('device-claim'),
    serviceCa: new X509Certificate(certificate).raw.toString('base64'),
    tufRoot: new TextDecoder().decode(await readBoundedFile(join(folder, FILES.tufRoot), FILE_MAX_BYTES, false)),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notInitialized(folder: string): AuthorityError {
  return new AuthorityError('authority-not-initialized', `there is no authority in ${folder}`, {
    fault: 'caller',
    hint: 'run init on this folder first',
  });
}

function malformedRecord(path: string, cause?: unknown): AuthorityError {
  return new AuthorityError('authority-file-malformed', `${path} is no record of an authority`, {
    fault: 'world',
    hint: 'bring it back from a backup',
    cause,
  });
}
