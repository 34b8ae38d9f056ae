// A TUF repository in memory, as one device's director has it, made with the models of another implementation and keys of this
// process. It signs whatever a test asks for, attacks included; it must never be taken for the service's own director.

import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import {
  Key,
  MetaFile,
  Metadata,
  MetadataKind,
  Root,
  Signature,
  Snapshot,
  TargetFile,
  Targets,
  Timestamp,
} from '@tufjs/models';
import type { DirectorStatement, UpdateTargetCustom } from '../../contracts/wire/update-target.ts';
import { DIRECTOR_FIELD, TARGET_FOLDER } from '../../contracts/wire/update-target.ts';

export const TUF_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TufRoleName = (typeof TUF_ROLES)[number];
type Signed = Root | Timestamp | Snapshot | Targets;

/** A P-256 key with its TUF key id. */
export class TufSigner {
  readonly key: Key;
  readonly #privateKey: KeyObject;

  /** A new key; or that of `twin`, under another id. */
  constructor(twin?: TufSigner) {
    this.#privateKey =
      twin === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : twin.#privateKey;
    const pem = createPublicKey(this.#privateKey).export({ type: 'spki', format: 'pem' }).toString();
    const keyID = createHash('sha256')
      .update(pem)
      .update(twin?.key.keyID ?? '')
      .digest('hex');
    this.key = new Key({ keyID, keyType: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyVal: { public: pem } });
  }

  /** DER has one byte more or less as the numbers fall; always 71, so that files of equal content have equal lengths. */
  readonly sign = (bytes: Uint8Array): Signature => {
    let signature = sign('sha256', bytes, this.#privateKey);
    while (signature.length !== 71) signature = sign('sha256', bytes, this.#privateKey);
    return new Signature({ keyID: this.key.keyID, sig: signature.toString('hex') });
  };
}

export interface RoleKeys {
  signers: TufSigner[];
  threshold: number;
}

/** An image as the service stores it. */
export interface RepositoryImage {
  readonly bytes: Uint8Array;
  readonly custom: UpdateTargetCustom;
}

const DAY = 24 * 60 * 60;

export class TufRepository {
  /** By the name under which they are fetched, e.g. `3.snapshot.json`. */
  readonly files = new Map<string, Uint8Array>();
  readonly roles: Record<TufRoleName, RoleKeys>;
  /** Of the files that were made last. */
  readonly versions: Record<TufRoleName, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  /** Seconds since 1970, for files that are made from now on. */
  readonly expires: Record<TufRoleName, number>;
  /** Whether parents name their children's length and digest, beside the version. */
  namesDigests = true;
  /** Further entries of the snapshot. */
  readonly listed: Record<string, number> = {};
  director: DirectorStatement | undefined;
  readonly images: RepositoryImage[] = [];

  constructor(nowSeconds: number, director?: DirectorStatement) {
    const keys = (): RoleKeys => ({ signers: [new TufSigner()], threshold: 1 });
    this.roles = { root: keys(), timestamp: keys(), snapshot: keys(), targets: keys() };
    this.expires = {
      root: nowSeconds + 365 * DAY,
      timestamp: nowSeconds + DAY,
      snapshot: nowSeconds + 7 * DAY,
      targets: nowSeconds + 7 * DAY,
    };
    this.director = director;
    this.makeRoot(this.roles.root.signers);
  }

  file(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`no ${name} was made`);
    return bytes;
  }

  /** The next root, signed by these. */
  makeRoot(signers: readonly TufSigner[], version = this.versions.root + 1): void {
    const root = new Root({
      version,
      specVersion: '1.0.31',
      expires: iso(this.expires.root),
      consistentSnapshot: true,
    });
    for (const role of TUF_ROLES) {
      for (const { key } of this.roles[role].signers) root.addKey(key, role);
      Object.assign(root.roles[role] ?? {}, { threshold: this.roles[role].threshold });
    }
    this.files.set(`${this.versions.root + 1}.root.json`, signed(root, signers));
    this.versions.root++;
  }

  /** New keys for these roles, and the root that says so, signed by the old root keys and the new ones. */
  rotate(...roles: readonly TufRoleName[]): void {
    const old = this.roles.root.signers;
    for (const role of roles) this.roles[role] = { signers: [new TufSigner()], threshold: 1 };
    this.makeRoot([...new Set([...old, ...this.roles.root.signers])]);
  }

  /** The next targets, snapshot and timestamp. */
  release(): void {
    this.makeTargets();
    this.makeSnapshot();
    this.makeTimestamp();
  }

  makeTargets(): void {
    const version = ++this.versions.targets;
    const targets = new Targets({
      version,
      specVersion: '1.0.31',
      expires: iso(this.expires.targets),
      unrecognizedFields: this.director === undefined ? {} : { [DIRECTOR_FIELD]: { ...this.director } },
    });
    for (const { bytes, custom } of this.images)
      targets.addTarget(
        new TargetFile({
          path: `${TARGET_FOLDER}${custom.imageId}`,
          length: bytes.length,
          hashes: { sha256: sha256(bytes) },
          unrecognizedFields: { custom: { ...custom } },
        }),
      );
    this.files.set(`${version}.targets.json`, signed(targets, this.roles.targets.signers));
  }

  makeSnapshot(): void {
    const version = ++this.versions.snapshot;
    const others = Object.entries(this.listed).map(([name, at]) => [name, new MetaFile({ version: at })] as const);
    const meta = { 'targets.json': this.#child('targets'), ...Object.fromEntries(others) };
    const snapshot = new Snapshot({ version, specVersion: '1.0.31', expires: iso(this.expires.snapshot), meta });
    this.files.set(`${version}.snapshot.json`, signed(snapshot, this.roles.snapshot.signers));
  }

  makeTimestamp(): void {
    const timestamp = new Timestamp({
      version: ++this.versions.timestamp,
      specVersion: '1.0.31',
      expires: iso(this.expires.timestamp),
      snapshotMeta: this.#child('snapshot'),
    });
    this.files.set('timestamp.json', signed(timestamp, this.roles.timestamp.signers));
  }

  /** The file that was made last, as it stands after somebody changed its text, under good signatures. */
  signAgain(role: 'snapshot' | 'targets'): void {
    const name = `${this.versions[role]}.${role}.json`;
    const fields = JSON.parse(new TextDecoder().decode(this.file(name))) as Parameters<typeof Metadata.fromJSON>[1];
    const { signed: content } =
      role === 'snapshot'
        ? Metadata.fromJSON(MetadataKind.Snapshot, fields)
        : Metadata.fromJSON(MetadataKind.Targets, fields);
    this.files.set(name, signed(content, this.roles[role].signers));
  }

  #child(role: 'snapshot' | 'targets'): MetaFile {
    const version = this.versions[role];
    if (!this.namesDigests) return new MetaFile({ version });
    const bytes = this.file(`${version}.${role}.json`);
    return new MetaFile({ version, length: bytes.length, hashes: { sha256: sha256(bytes) } });
  }
}

/** The bytes of a metadata file. */
function signed(content: Signed, signers: readonly TufSigner[]): Uint8Array {
  const metadata = new Metadata(content);
  for (const signer of signers) metadata.sign(signer.sign);
  return new TextEncoder().encode(JSON.stringify(metadata.toJSON()));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function iso(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
