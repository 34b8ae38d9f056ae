// The update director (Uptane's, docs/adr/0009): TUF metadata for one device at a time, made when it asks. Never for a device but the
// one that asks, and never under a version that it has seen before with something else.

import { sameBytes } from '../../contracts/core/bytes.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { bytesToHex, parseComponentId } from '../../contracts/core/ids.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import type { DirectorStatement } from '../../contracts/wire/update-target.ts';
import { DIRECTOR_FIELD, TARGET_FOLDER } from '../../contracts/wire/update-target.ts';
import type { CanonicalValue } from './canonical-json.ts';
import { canonicalJson } from './canonical-json.ts';
import type { DeploymentStore, DevicePlan } from './deployment-store.ts';
import type { DirectorIssue, DirectorStore } from './director-store.ts';
import type { ImageStore, StoredImage } from './image-store.ts';
import type { Journal } from './journal.ts';
import type { Clock, KeyStore } from './ports.ts';
import { ServiceError } from './service-error.ts';
import type { TufRole } from './tuf-metadata.ts';
import { tufDocument } from './tuf-metadata.ts';

const HOUR_MS = 60 * 60 * 1000;
/** A device asks every 20 h; what stops it from hearing of a new deployment is noticed within a day. */
const TIMESTAMP_LIFE_MS = 24 * HOUR_MS;
const SNAPSHOT_LIFE_MS = 7 * 24 * HOUR_MS;
/** With less left of the timestamp's life a new set is made: a device on a slow line must get through with it. */
const RENEW_BEFORE_MS = 6 * HOUR_MS;
/** Somebody else made a newer set for the same device each time: two processes and a device that asks both, at most. */
const ISSUE_ATTEMPTS = 5;
/** A name in the consistent snapshot form: `N.ROLE.json` (TUF 1.0 section 6.2), the timestamp without a number. */
const VERSIONED = /^([1-9][0-9]{0,9})\.(root|snapshot|targets)\.json$/;
/** `images/` SHA-256 in hex, a dot, image id. */
const TARGET = new RegExp(`^${TARGET_FOLDER}([0-9a-f]{64})\\.([0-9a-f-]{36})$`);

export interface DirectorParts {
  readonly deployments: Pick<DeploymentStore, 'planOf'>;
  readonly images: Pick<ImageStore, 'readPackage'>;
  readonly issues: DirectorStore;
  readonly keys: KeyStore;
  /** The text of root version 1, as devices have it in their keystore. */
  readonly tufRoot: string;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly journal: Journal;
}

export class Director {
  readonly #parts: DirectorParts;

  constructor(parts: DirectorParts) {
    this.#parts = parts;
  }

  /** The text of one metadata file for this device. Errors: `metadata-not-found`, `device-not-claimed`. */
  async metadata(device: DeviceId, file: string): Promise<string> {
    if (file === 'timestamp.json') return (await this.#currentIssue(device)).timestamp;
    const [, number, role] = VERSIONED.exec(file) ?? [];
    if (number === undefined || role === undefined) throw metadataNotFound(file);
    // Version 2 would be signed by the keys of version 1 and is not there yet: that is how a client learns that 1 is the last.
    if (role === 'root') {
      if (Number(number) === 1) return this.#parts.tufRoot;
      throw metadataNotFound(file);
    }
    // Only what a timestamp has announced: asking for these never makes a new set.
    const issue = await this.#parts.issues.lastIssue(device);
    if (issue === undefined || issue.version !== Number(number)) throw metadataNotFound(file);
    return role === 'snapshot' ? issue.snapshot : issue.targets;
  }

  /** The package under `images/SHA256.IMAGE-ID`, if this device is to run it now. Errors: `target-not-found`. */
  async target(device: DeviceId, path: string): Promise<Uint8Array> {
    const [, digest, id] = TARGET.exec(path) ?? [];
    const imageId = parseComponentId(id ?? '') as string | undefined;
    if (digest === undefined || imageId === undefined) throw targetNotFound();
    const plan = await this.#parts.deployments.planOf(device);
    const image = plan && currentOf(plan)?.images.find((each) => each.imageId === imageId);
    if (plan === undefined || image === undefined || bytesToHex(image.packageDigest) !== digest) throw targetNotFound();
    const bytes = await this.#parts.images.readPackage(image.catalog, image.imageId);
    // Deleted, or signed anew, between the two reads: the device asks for the metadata again.
    if (bytes === undefined || !sameBytes(this.#parts.sha256(bytes), image.packageDigest)) throw targetNotFound();
    const title = `${image.name} ${image.version}`;
    const at = new Date(this.#parts.clock.nowMs()).toISOString();
    await this.#parts.issues.recordDelivery(device, { imageId: image.imageId, title, at });
    const subject = { catalogId: plan.catalogId, deviceId: device, code: null } as const;
    const text = `${title} (${imageId}), ${bytes.length} bytes`;
    this.#parts.journal.record({ kind: 'update-served', ...subject, text });
    return bytes;
  }

  async #currentIssue(device: DeviceId): Promise<DirectorIssue> {
    const { issues, deployments, clock, sha256 } = this.#parts;
    for (let attempt = 0; attempt < ISSUE_ATTEMPTS; attempt++) {
      const last = await issues.lastIssue(device);
      const plan = await deployments.planOf(device);
      if (plan === undefined)
        throw new ServiceError('device-not-claimed', 'no catalog has this device', { fault: 'peer' });
      const content = contentOf(device, plan);
      const contentDigest = bytesToHex(sha256(new TextEncoder().encode(canonicalJson(content))));
      const isFresh = last !== undefined && last.expiresMs - clock.nowMs() >= RENEW_BEFORE_MS;
      if (isFresh && last.contentDigest === contentDigest) return last;
      const issue = await this.#make(content, contentDigest, (last?.version ?? 0) + 1);
      if (await issues.replaceIssue(device, last?.version ?? 0, issue)) return issue;
    }
    throw new ServiceError('store-busy', 'others keep making metadata for this device', { fault: 'world' });
  }

  async #make(content: TargetsContent, contentDigest: string, version: number): Promise<DirectorIssue> {
    const { keys, clock, sha256 } = this.#parts;
    const nowMs = clock.nowMs();
    const expiresMs = nowMs + TIMESTAMP_LIFE_MS;
    const document = (role: TufRole, untilMs: number, body: { readonly [key: string]: CanonicalValue }) =>
      tufDocument({ role, version, expiresMs: untilMs, body }, keys, sha256);
    const targets = await document('targets', nowMs + SNAPSHOT_LIFE_MS, content);
    const snapshot = await document('snapshot', nowMs + SNAPSHOT_LIFE_MS, {
      meta: { 'targets.json': metaOf(targets, version, sha256) },
    });
    const timestamp = await document('timestamp', expiresMs, {
      meta: { 'snapshot.json': metaOf(snapshot, version, sha256) },
    });
    return { version, contentDigest, expiresMs, timestamp, snapshot, targets };
  }
}

type TargetsContent = { readonly [key: string]: CanonicalValue };

/** Under the other policy only the OS is updated, and what the device has stays. */
function currentOf({ updatePolicy, deployment }: DevicePlan): DevicePlan['deployment'] {
  return updatePolicy === 'UpdateAll' ? deployment : undefined;
}

function contentOf(deviceId: DeviceId, plan: DevicePlan): TargetsContent {
  const { catalogId } = plan;
  const current = currentOf(plan);
  const statement: DirectorStatement = { deviceId, catalogId, deploymentId: current?.id ?? null };
  const targets = Object.fromEntries(
    (current?.images ?? []).map((image) => [`${TARGET_FOLDER}${image.imageId}`, targetOf(image)]),
  );
  return { targets, [DIRECTOR_FIELD]: { ...statement } };
}

function targetOf({ imageId, componentId, rollbackIndex, sizeBytes, packageDigest }: StoredImage): CanonicalValue {
  return {
    length: sizeBytes,
    hashes: { sha256: bytesToHex(packageDigest) },
    custom: { componentId, imageId, rollbackIndex },
  };
}

/** Length and digest as well as the version (TUF 1.0 section 4.4): no mirror can swap in a longer file. */
function metaOf(text: string, version: number, sha256: Sha256): CanonicalValue {
  const bytes = new TextEncoder().encode(text);
  return { version, length: bytes.length, hashes: { sha256: bytesToHex(sha256(bytes)) } };
}

function metadataNotFound(file: string): ServiceError {
  const details = { file: file.slice(0, 80) };
  return new ServiceError('metadata-not-found', 'there is no such metadata file for this device', {
    fault: 'peer',
    details,
  });
}

function targetNotFound(): ServiceError {
  return new ServiceError('target-not-found', 'this device is not to run such an image', { fault: 'peer' });
}
