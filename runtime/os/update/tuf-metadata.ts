// TUF metadata from bytes of any origin, and the checks that need one file and a key set. Never looks at a clock, and never lets
// an exception of a library out: what comes out is checked or an `UpdateError`.

import type { Root, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { Metadata, MetadataKind } from '@tufjs/models';
import { sameBytes } from '../../../contracts/core/bytes.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { bytesToHex } from '../../../contracts/core/ids.ts';
import type { Sha256 } from '../../../contracts/core/image.ts';
import { OS_RECORD_MAX_BYTES } from '../../../contracts/core/os-records.ts';
import { DEVICE_API_MAX_BYTES } from '../../../contracts/wire/device-api.ts';
import type { JsonValue } from '../../../contracts/wire/json-text.ts';
import { readJson } from '../../../contracts/wire/json-text.ts';
import { UpdateError } from './update-error.ts';

/** Of one file. What the device could not keep it does not take: its rollback checks would start afresh each time. */
export const TUF_FILE_MAX_BYTES = Math.min(DEVICE_API_MAX_BYTES.metadata, OS_RECORD_MAX_BYTES);

interface TufSigned {
  root: Root;
  timestamp: Timestamp;
  snapshot: Snapshot;
  targets: Targets;
}
export type TufRole = keyof TufSigned;

/** A file whose form holds. Nothing is known of its signatures, age or place in the repository. */
export interface TufFile<Role extends TufRole> {
  readonly role: Role;
  readonly bytes: Uint8Array;
  readonly metadata: Metadata<TufSigned[Role]>;
  readonly signed: TufSigned[Role];
  /** Seconds since 1970. */
  readonly expiresSeconds: number;
}

/** What a parent file says of a child: version always, length and SHA-256 where it likes to. */
export interface ChildFacts {
  readonly version: number;
  readonly length?: number | undefined;
  readonly sha256?: string | undefined;
}

type PlainJson = null | boolean | number | string | PlainJson[] | { [key: string]: PlainJson };

/** Errors: `update-metadata-malformed`. */
export function readTufFile<Role extends TufRole>(role: Role, bytes: Uint8Array): TufFile<Role> {
  const metadata = parse(role, bytes);
  const { signed } = metadata;
  // The library takes any number and any text here: NaN dates never expire, and 1.5 follows no version.
  if (!Number.isSafeInteger(signed.version) || signed.version < 1) throw malformed(role, `version ${signed.version}`);
  return { role, bytes, metadata, signed, expiresSeconds: expiry(role, signed.expires) };
}

/** Beyond `readTufFile`: what this device wants of the file that says whose keys count. Errors: `update-metadata-malformed`. */
export function readTufRoot(bytes: Uint8Array): TufFile<'root'> {
  const root = readTufFile('root', bytes);
  const { keys, roles, consistentSnapshot } = root.signed;
  if (!consistentSnapshot) throw malformed('root', 'without consistent snapshots files change under a reader');
  for (const { threshold } of Object.values(roles))
    if (!Number.isSafeInteger(threshold)) throw malformed('root', `a threshold of ${threshold}`);
  // One key under two ids would count twice towards a threshold (section 5.3.4).
  const publicKeys = Object.values(keys).map(({ keyVal }) => keyVal['public']);
  if (new Set(publicKeys).size < publicKeys.length) throw malformed('root', 'one key under two ids');
  return root;
}

/** Whether a threshold of the keys that `root` names for the role signed the file. */
export function isSignedFor(root: TufFile<'root'>, file: TufFile<TufRole>): boolean {
  try {
    root.metadata.verifyDelegate(file.role, file.metadata);
    return true;
  } catch {
    // The library says no, and why it says no in many ways, by throwing: an odd key, an odd signature, too few of them.
    return false;
  }
}

/** Sections 5.4.4, 5.5.6, 5.6.5: expiry has to be higher than the time at the start. Errors: `update-metadata-expired`. */
export function checkFresh(file: TufFile<TufRole>, nowSeconds: number): void {
  if (file.expiresSeconds > nowSeconds) return;
  throw new UpdateError(
    'update-metadata-expired',
    `${file.role} version ${file.signed.version}: ${file.signed.expires}`,
    {
      hint: 'somebody may be holding newer metadata back',
      details: { role: file.role, expires: file.signed.expires },
    },
  );
}

/** Whether the bytes are what the parent names, before anybody parses them (sections 5.5.2 and 5.6.2). */
export function isChild(facts: ChildFacts, bytes: Uint8Array, sha256: Sha256): boolean {
  if (facts.length !== undefined && bytes.length !== facts.length) return false;
  return facts.sha256 === undefined || bytesToHex(sha256(bytes)) === facts.sha256;
}

/** From an entry of `meta`. Errors: `update-metadata-malformed`, also for digests of which none is SHA-256. */
export function childFacts(meta: {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Readonly<Record<string, string>>;
}): ChildFacts {
  const { version, length, hashes } = meta;
  if (!Number.isSafeInteger(version)) throw malformed('meta', `version ${version}`);
  if (length !== undefined && !Number.isSafeInteger(length)) throw malformed('meta', `length ${length}`);
  if (hashes !== undefined && hashes['sha256'] === undefined) throw malformed('meta', 'digests without SHA-256');
  return { version, length, sha256: hashes?.['sha256'] };
}

export function malformed(what: string, why: string, cause?: unknown): UpdateError {
  return new UpdateError('update-metadata-malformed', `${what}: ${why}`, cause === undefined ? {} : { cause });
}

export function isSameFile(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && sameBytes(one, other);
}

function parse<Role extends TufRole>(role: Role, bytes: Uint8Array): Metadata<TufSigned[Role]> {
  let value: PlainJson;
  try {
    value = plain(readJson(bytes, { maxBytes: TUF_FILE_MAX_BYTES }));
  } catch (cause) {
    if (isCoded(cause)) throw malformed(role, cause.message, cause);
    throw cause;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed(role, 'not a JSON object');
  try {
    return READERS[role](value);
  } catch (cause) {
    // The library throws TypeError, its own ValueError, and whatever a field of an unexpected type leads to.
    throw malformed(role, cause instanceof Error ? cause.message : 'not metadata', cause);
  }
}

type JsonFields = Parameters<typeof Metadata.fromJSON>[1];
const READERS: { readonly [Role in TufRole]: (value: JsonFields) => Metadata<TufSigned[Role]> } = {
  root: (value) => Metadata.fromJSON(MetadataKind.Root, value),
  timestamp: (value) => Metadata.fromJSON(MetadataKind.Timestamp, value),
  snapshot: (value) => Metadata.fromJSON(MetadataKind.Snapshot, value),
  targets: (value) => Metadata.fromJSON(MetadataKind.Targets, value),
};

/** The library wants objects. A key that names their prototype is refused: it is no name of a file, a role or a key. */
function plain(value: JsonValue): PlainJson {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(plain);
  const members = [...(value as ReadonlyMap<string, JsonValue>)];
  if (members.some(([key]) => key === '__proto__')) throw malformed('metadata', 'a key __proto__');
  return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}

/** Section 4.2.1: ISO 8601 in UTC, whole seconds. */
const EXPIRES = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
function expiry(role: TufRole, text: string): number {
  const ms = EXPIRES.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw malformed(role, `expires ${text.slice(0, 40)}`);
  return ms / 1000;
}
