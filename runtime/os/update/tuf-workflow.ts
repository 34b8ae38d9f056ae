// The client workflow of TUF (specification 1.0, section 5), in the order of the specification. Never takes a time of its own: the
// caller fixes the monitor's time at the start (5.1); never writes a file before it was verified.

import type { Sha256 } from '../../../contracts/core/image.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { ChildFacts, TufFile, TufRole } from './tuf-metadata.ts';
import {
  TUF_FILE_MAX_BYTES,
  checkFresh,
  childFacts,
  isChild,
  isSignedFor,
  malformed,
  readTufFile,
  readTufRoot,
} from './tuf-metadata.ts';
import { UpdateError } from './update-error.ts';
import type { UpdateRecords } from './update-records.ts';

/** A file of the repository, at most `maxBytes` of it. `undefined`: there is none of this name. */
export type FetchTufFile = (name: string, maxBytes: number) => Promise<Uint8Array | undefined>;

export interface TufParts {
  readonly fetch: FetchTufFile;
  readonly records: UpdateRecords;
  readonly sha256: Sha256;
}

/** Y of section 5.3.3: root changes once a year or so. A device that missed more goes on at its next look. */
export const ROOT_STEPS_MAX = 64;

/** What was accepted before, for the rollback checks. */
type KeptFiles = { readonly [Role in 'timestamp' | 'snapshot']: TufFile<Role> | undefined };
interface Child<Role extends 'snapshot' | 'targets'> {
  readonly role: Role;
  readonly facts: ChildFacts;
  readonly root: TufFile<'root'>;
  readonly nowSeconds: number;
}

/**
 * Brings the metadata up to date and hands the targets to `accept`; what that refuses, by throwing, is not kept either: another
 * device's metadata is signed by the same keys, and its version numbers would shut this device's own out.
 *
 * @returns what `accept` returned
 * Errors: `UpdateErrorCode`, `SecureCallRefused`, those of `fetch` and `accept`.
 */
export async function refreshTuf<Accepted>(
  parts: TufParts,
  nowSeconds: number,
  accept: (targets: TufFile<'targets'>) => Accepted,
): Promise<Accepted> {
  const { records } = parts;
  const root = await updateRoot(parts, await trustedRoot(records));
  checkFresh(root, nowSeconds); // 5.3.10
  const kept = await keptUnder(root, records); // 5.3.11
  const timestamp = await updateTimestamp(parts, { root, kept: kept.timestamp, nowSeconds });
  const snapshot = await updateSnapshot(parts, { root, kept: kept.snapshot, timestamp, nowSeconds });
  const targets = await updateTargets(parts, { root, snapshot, nowSeconds });
  const accepted = accept(targets);
  // 5.4.5, 5.5.7, 5.6.6, in this order: after a power cut between two, no file is newer than the one that names it.
  for (const file of [timestamp, snapshot, targets]) await records.keep(file.role, file.bytes);
  return accepted;
}

/** The targets that were accepted last, if the root still vouches for them. Errors: `update-metadata-malformed`, `SecureCallRefused`. */
export async function keptTargets(records: UpdateRecords): Promise<TufFile<'targets'> | undefined> {
  return (await readKept('targets', await trustedRoot(records), records)).file;
}

/** 5.2: the newest root that was accepted, or the one in the keystore. Its age does not matter yet. */
async function trustedRoot(records: UpdateRecords): Promise<TufFile<'root'>> {
  const first = readTufRoot(await records.firstRoot());
  if (!isSignedFor(first, first))
    throw new UpdateError('update-root-chain-broken', 'the first root does not sign itself');
  const bytes = await records.read('root');
  const kept = bytes === undefined ? undefined : readOrNone(() => readTufRoot(bytes));
  // A new keystore may come with a newer first root than this device had got to.
  return kept !== undefined && isSignedFor(kept, kept) && kept.signed.version > first.signed.version ? kept : first;
}

async function updateRoot({ fetch, records }: TufParts, trusted: TufFile<'root'>): Promise<TufFile<'root'>> {
  let root = trusted;
  for (let step = 0; step < ROOT_STEPS_MAX; step++) {
    const version = root.signed.version + 1;
    const bytes = await fetch(`${version}.root.json`, TUF_FILE_MAX_BYTES); // 5.3.3
    if (bytes === undefined) break;
    const next = readTufRoot(bytes);
    // 5.3.4: the old keys hand over, the new ones prove that they are there.
    if (!isSignedFor(root, next) || !isSignedFor(next, next))
      throw new UpdateError('update-root-chain-broken', `root ${version} is not signed by the keys of both versions`);
    // 5.3.5
    if (next.signed.version !== version)
      throw new UpdateError('update-root-chain-broken', `root ${version} says it is version ${next.signed.version}`);
    await records.keep('root', bytes); // 5.3.8
    root = next;
  }
  return root;
}

/**
 * 5.3.11: after a repository was taken over and its numbers were driven up (fast-forward), new keys let devices start afresh. Seen
 * from the files: what the keys of now did not sign does not count, whenever the keys were changed.
 */
async function keptUnder(root: TufFile<'root'>, records: UpdateRecords): Promise<KeptFiles> {
  const timestamp = await readKept('timestamp', root, records);
  const snapshot = await readKept('snapshot', root, records);
  if (timestamp.isDisowned || snapshot.isDisowned) return { timestamp: undefined, snapshot: undefined };
  return { timestamp: timestamp.file, snapshot: snapshot.file };
}

async function updateTimestamp(
  { fetch }: TufParts,
  { root, kept, nowSeconds }: { root: TufFile<'root'>; kept: TufFile<'timestamp'> | undefined; nowSeconds: number },
): Promise<TufFile<'timestamp'>> {
  const bytes = await existing(fetch, 'timestamp.json', TUF_FILE_MAX_BYTES); // 5.4.1
  const fetched = readTufFile('timestamp', bytes);
  checkSigned(root, fetched); // 5.4.2
  if (kept !== undefined) checkTimestampRollback(kept, fetched); // 5.4.3
  // 5.4.3.1: of two with one number the first counts.
  const timestamp = kept?.signed.version === fetched.signed.version ? kept : fetched;
  checkFresh(timestamp, nowSeconds); // 5.4.4
  return timestamp;
}

function checkTimestampRollback(kept: TufFile<'timestamp'>, fetched: TufFile<'timestamp'>): void {
  checkNotLower('timestamp', fetched.signed.version, kept.signed.version);
  if (fetched.signed.version === kept.signed.version) return;
  checkNotLower('snapshot', fetched.signed.snapshotMeta.version, kept.signed.snapshotMeta.version); // 5.4.3.2
}

async function updateSnapshot(
  parts: TufParts,
  {
    root,
    kept,
    timestamp,
    nowSeconds,
  }: {
    root: TufFile<'root'>;
    kept: TufFile<'snapshot'> | undefined;
    timestamp: TufFile<'timestamp'>;
    nowSeconds: number;
  },
): Promise<TufFile<'snapshot'>> {
  const facts = childFacts(timestamp.signed.snapshotMeta);
  const snapshot = await child(parts, { role: 'snapshot', facts, root, nowSeconds });
  // 5.5.5: no targets file goes back, and none that was listed vanishes.
  for (const [name, { version }] of Object.entries(kept?.signed.meta ?? {})) {
    if (!Object.hasOwn(snapshot.signed.meta, name))
      throw new UpdateError('update-metadata-rolled-back', `snapshot ${snapshot.signed.version} does not list ${name}`);
    checkNotLower(name, snapshot.signed.meta[name]?.version ?? 0, version);
  }
  return snapshot;
}

async function updateTargets(
  parts: TufParts,
  { root, snapshot, nowSeconds }: { root: TufFile<'root'>; snapshot: TufFile<'snapshot'>; nowSeconds: number },
): Promise<TufFile<'targets'>> {
  const { meta } = snapshot.signed;
  const listed = Object.hasOwn(meta, 'targets.json') ? meta['targets.json'] : undefined;
  if (listed === undefined) throw malformed('snapshot', 'lists no targets.json');
  const targets = await child(parts, { role: 'targets', facts: childFacts(listed), root, nowSeconds });
  // 5.6.7 is not needed: a director speaks for itself, and a delegation would be somebody else speaking.
  if (targets.signed.delegations !== undefined) throw malformed('targets', 'a director delegates to nobody');
  return targets;
}

/** Sections 5.5.1 to 5.5.4 and 5.5.6, which are 5.6.1 to 5.6.5: the kept file if it is the one that is named, else a download. */
async function child<Role extends 'snapshot' | 'targets'>(
  { fetch, records, sha256 }: TufParts,
  { role, facts, root, nowSeconds }: Child<Role>,
): Promise<TufFile<Role>> {
  const { file: kept } = await readKept(role, root, records);
  const isNamed = kept?.signed.version === facts.version && isChild(facts, kept.bytes, sha256);
  if (kept !== undefined && isNamed && kept.expiresSeconds > nowSeconds) return kept;
  const name = `${facts.version}.${role}.json`;
  const bytes = await existing(fetch, name, Math.min(facts.length ?? TUF_FILE_MAX_BYTES, TUF_FILE_MAX_BYTES)); // .1
  // .2 comes before parsing: digests of the parent are known good, and bytes that do not fit them need no parser.
  if (!isChild(facts, bytes, sha256)) throw mismatch(name, 'not the length and digest that its parent names');
  const file = readTufFile(role, bytes);
  checkSigned(root, file); // .3
  if (file.signed.version !== facts.version) throw mismatch(name, `says it is version ${file.signed.version}`); // .4
  checkFresh(file, nowSeconds); // 5.5.6, 5.6.5
  return file;
}

/** A record whose content does not hold counts as none: whatever happened to it must not end updates for ever. */
async function readKept<Role extends TufRole>(
  role: Role,
  root: TufFile<'root'>,
  records: UpdateRecords,
): Promise<{ readonly file: TufFile<Role> | undefined; readonly isDisowned: boolean }> {
  const bytes = await records.read(role);
  const file = bytes === undefined ? undefined : readOrNone(() => readTufFile(role, bytes));
  if (file !== undefined && isSignedFor(root, file)) return { file, isDisowned: false };
  return { file: undefined, isDisowned: bytes !== undefined };
}

function readOrNone<File>(read: () => File): File | undefined {
  try {
    return read();
  } catch (error) {
    if (isCoded(error)) return undefined;
    throw error;
  }
}

async function existing(fetch: FetchTufFile, name: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = await fetch(name, maxBytes);
  if (bytes !== undefined) return bytes;
  throw new UpdateError('update-service-refused', `the service has no ${name}`, { details: { name } });
}

function checkSigned(root: TufFile<'root'>, file: TufFile<TufRole>): void {
  if (isSignedFor(root, file)) return;
  const { role, signed } = file;
  throw new UpdateError('update-signature-invalid', `${role} version ${signed.version} lacks signatures of its role`, {
    details: { role },
  });
}

function checkNotLower(what: string, version: number, keptVersion: number): void {
  if (version >= keptVersion) return;
  throw new UpdateError('update-metadata-rolled-back', `${what} version ${version} after ${keptVersion}`, {
    details: { what, version, keptVersion },
  });
}

function mismatch(name: string, why: string): UpdateError {
  return new UpdateError('update-metadata-mismatch', `${name}: ${why}`, { details: { name } });
}
