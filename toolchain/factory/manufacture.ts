// The manufacturing station: makes a device in a folder, with keys, fuses and its first images. The identity key is made on
// the chip's side and burnt there; it is never written, printed or returned anywhere else.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FlashPartName } from '../../contracts/core/flash-map.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { p256ScalarFrom } from '../../contracts/core/p256.ts';
import type { DeviceFolder } from '../../runtime/board/device-folder.ts';
import { holdOff, openDeviceFolder, writeImagePart } from '../../runtime/board/device-folder.ts';
import { DEVICE_RECORD_FILE, encodeDeviceRecord } from './device-record.ts';
import type { DeviceRecord } from './device-record.ts';
import { addToList } from './endorsement.ts';
import { FactoryError } from './factory-error.ts';
import type { OsRelease, ReleaseImage } from './os-release.ts';
import { RELEASE_IMAGES } from './os-release.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** Azure Sphere's manufacturing states, in order. */
export const LIFECYCLES = ['Blank', 'Module1Complete', 'DeviceComplete'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

export interface ManufactureOrder {
  /** Where the device comes to lie. Must not exist, unless `force` is set and the device is off. */
  readonly folder: string;
  readonly board: string;
  readonly release: OsRelease;
  readonly anchors: TrustAnchors;
  /** Default `DeviceComplete`. */
  readonly lifecycle?: Lifecycle;
  /** Entropy from this seed (unsigned, 32 bits) instead of the host's. Whoever knows it knows the keys: for replayable runs only. */
  readonly seed?: number;
  /** Replaces a device that is there; its keys are gone for good. */
  readonly force?: boolean;
  /** Text file that takes the device's id and board, one a line: what the station endorses. */
  readonly endorsements?: string;
  /** When, for the label. */
  readonly madeAt?: Date;
}

const PART_OF_IMAGE: Readonly<Record<ReleaseImage, FlashPartName>> = {
  plutonRuntime: 'plutonRuntime',
  trustedKeystore: 'trustedKeystore',
  monitor: 'monitor',
  os: 'osSlotA',
};
/** 384 bits, so that the reduction to a scalar is without bias. */
const IDENTITY_ENTROPY_BYTES = 48;
const DEVICE_SECRET_BYTES = 32;

/**
 * Made beside its place and moved there whole, so that a station that loses power leaves no half device. Errors:
 * `device-exists`, `device-already-on`, `image-too-large-for-part`, the image's own; `fuse-out-of-range` for a rollback index over 256.
 */
export async function manufactureDevice(order: ManufactureOrder): Promise<DeviceRecord> {
  const off = takeOldDevice(order);
  const workshop = `${order.folder}.making-${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(order.folder), { recursive: true, mode: 0o700 });
  try {
    const deviceId = makeChip(workshop, order);
    const madeAt = order.madeAt === undefined ? {} : { madeAt: order.madeAt.toISOString() };
    const record: DeviceRecord = { deviceId, board: order.board, ...madeAt };
    await writeFile(join(workshop, DEVICE_RECORD_FILE), encodeDeviceRecord(record), { mode: 0o644 });
    if (order.endorsements !== undefined) await addToList(order.endorsements, deviceId, order.board);
    await putInPlace(workshop, order);
    return record;
  } finally {
    off?.release();
    await rm(workshop, { recursive: true, force: true });
  }
}

function makeChip(
  folder: string,
  { release, anchors, seed, lifecycle = 'DeviceComplete' }: ManufactureOrder,
): DeviceId {
  const device = openDeviceFolder(folder, seed === undefined ? {} : { seed });
  try {
    for (const [image, part] of Object.entries(PART_OF_IMAGE)) {
      writeImagePart(device.flash, part, release.images[image as ReleaseImage]);
    }
    burnKeys(device, anchors.platformKey);
    burnFloors(device, release);
    for (const step of LIFECYCLES.slice(1, LIFECYCLES.indexOf(lifecycle) + 1)) device.fuses.advanceLifecycle(step);
    return device.deviceId();
  } finally {
    device.close();
  }
}

function burnKeys({ crypto, programmer }: DeviceFolder, platformKey: Uint8Array): void {
  const identity = p256ScalarFrom(crypto.random(IDENTITY_ENTROPY_BYTES));
  programmer.writeIdentityKey(identity);
  identity.fill(0);
  const secret = crypto.random(DEVICE_SECRET_BYTES);
  programmer.writeDeviceSecret(secret);
  secret.fill(0);
  programmer.writePlatformKeyDigest(crypto.sha256(platformKey));
}

/** From the first boot on, no release older than the one that the device was made with. */
function burnFloors({ crypto, fuses }: DeviceFolder, release: OsRelease): void {
  for (const image of RELEASE_IMAGES) {
    const { rollbackIndex } = decodeImage(release.images[image], (bytes) => crypto.sha256(bytes));
    fuses.raiseRollbackFloor(image, rollbackIndex);
  }
}

/** The device that is to be replaced, held off so that nobody powers it on meanwhile; nothing when there is none. */
function takeOldDevice({ folder, force = false }: ManufactureOrder): ReturnType<typeof holdOff> {
  if (!existsSync(folder)) return undefined;
  if (!force) throw existing(folder);
  const off = holdOff(folder);
  if (off !== undefined) return off;
  throw new FactoryError('device-already-on', `the device in ${folder} is powered on`, {
    fault: 'caller',
    hint: 'power it off first',
  });
}

async function putInPlace(workshop: string, order: ManufactureOrder): Promise<void> {
  const old = `${workshop}.old`;
  if (order.force === true && existsSync(order.folder)) await rename(order.folder, old);
  try {
    await rename(workshop, order.folder);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw existing(order.folder, error);
    throw error;
  } finally {
    await rm(old, { recursive: true, force: true });
  }
}

function existing(folder: string, cause?: unknown): FactoryError {
  return new FactoryError('device-exists', `there is a device in ${folder}`, {
    fault: 'caller',
    hint: 'take another name; forcing it destroys the keys of the one that is there',
    cause,
  });
}
