// The layout of what the monitor remembers across power cuts. Pure bytes: sealing and flash are sealed-state.ts.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../contracts/core/device-capability.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import { hexToBytes, imageIdFromBytes } from '../../contracts/core/ids.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import { OS_RECORD } from '../../contracts/core/os-records.ts';
import type { ImageTrust } from './abi/records.ts';
import { COMPONENT_ID, IMAGE_TRUST, keyOf, listOf } from './abi/records.ts';
import type { Layout } from './abi/records.ts';
import type { ClaimFacts } from './abi/service-records.ts';
import { CLAIM_FACTS } from './abi/service-records.ts';

/** An installed application. Offsets are within the applications' part of the flash. */
export interface AppEntry {
  readonly componentId: ComponentId;
  readonly imageId: ImageId;
  readonly rollbackIndex: number;
  readonly offset: number;
  readonly length: number;
  /** SHA-256 of the package. */
  readonly digest: Uint8Array;
  /** What trusted it when it was installed; the launch decides again. */
  readonly trust: ImageTrust;
  /** Granted pins, so that two images never hold one, whatever happens to the bytes on flash. */
  readonly pins: readonly number[];
}

export interface RollbackFloor {
  readonly componentId: ComponentId;
  readonly floor: number;
}

/** Which bytes are the current content of a record of the OS, and in which of its two places they lie. */
export interface OsRecordEntry {
  readonly record: OsRecordName;
  readonly place: 0 | 1;
  readonly length: number;
  /** SHA-256 of the content. */
  readonly digest: Uint8Array;
}

/** Where the mutable storage of a component lies, and which of it still counts. */
export interface StorageSlot {
  readonly componentId: ComponentId;
  /** Which pair of places in the flash part is its own. */
  readonly pair: number;
  /** Of the claim under which it was begun: a device with another owner does not read it. */
  readonly epoch: number;
  /** Chosen at random when it was begun, and part of its key: what an earlier holder of the pair left never opens. 16 bytes. */
  readonly id: Uint8Array;
  /** Generations before this one do not count any more. */
  readonly floor: bigint;
}

export interface DeviceState {
  /** The applied device capability file, 256 bytes. */
  readonly capabilityFile: Uint8Array | undefined;
  /** The highest serial that was ever applied: it stays spent. */
  readonly capabilitySerial: bigint;
  readonly apps: readonly AppEntry[];
  /** Stay when the app is removed: reinstalling an old version is a rollback too. */
  readonly floors: readonly RollbackFloor[];
  /** Boots that gave evidence. */
  readonly bootCount: number;
  /** Whose device this is. Kept as it was verified: a service whose claim key is replaced keeps its devices. */
  readonly claim: ClaimFacts | undefined;
  /** Seconds since 1970 that the service once signed: the time is never before it. */
  readonly timeFloor: number;
  readonly records: readonly OsRecordEntry[];
  readonly storages: readonly StorageSlot[];
}

export const EMPTY_STATE: DeviceState = {
  capabilityFile: undefined,
  capabilitySerial: 0n,
  apps: [],
  floors: [],
  bootCount: 0,
  claim: undefined,
  timeFloor: 0,
  records: [],
  storages: [],
};

const APP: Layout<AppEntry> = {
  write(writer, app) {
    COMPONENT_ID.write(writer, app.componentId);
    writer
      .bytes(hexToBytes(app.imageId.replaceAll('-', '')))
      .u32(app.rollbackIndex)
      .u32(app.offset)
      .u32(app.length);
    writer.bytes(app.digest).u8(IMAGE_TRUST[app.trust]).u8(app.pins.length).bytes(Uint8Array.from(app.pins));
  },
  read(reader) {
    const componentId = COMPONENT_ID.read(reader);
    const imageId = imageIdFromBytes(reader.bytes(16));
    const [rollbackIndex, offset, length] = [reader.u32(), reader.u32(), reader.u32()];
    const digest = reader.bytes(32).slice();
    const trust = reader.u8() === IMAGE_TRUST.service ? 'service' : 'development';
    const pins = [...reader.bytes(reader.u8())];
    return { componentId, imageId, rollbackIndex, offset, length, digest, trust, pins };
  },
};

const FLOOR: Layout<RollbackFloor> = {
  write(writer, { componentId, floor }) {
    COMPONENT_ID.write(writer, componentId);
    writer.u32(floor);
  },
  read: (reader) => ({ componentId: COMPONENT_ID.read(reader), floor: reader.u32() }),
};

const RECORD: Layout<OsRecordEntry> = {
  write: (writer, { record, place, length, digest }) =>
    void writer.u8(OS_RECORD[record]).u8(place).u32(length).bytes(digest),
  read(reader) {
    const record = keyOf(OS_RECORD, reader.u8());
    const place = reader.u8() === 0 ? 0 : 1;
    return { record, place, length: reader.u32(), digest: reader.bytes(32).slice() };
  },
};

const STORAGE: Layout<StorageSlot> = {
  write(writer, { componentId, pair, epoch, id, floor }) {
    COMPONENT_ID.write(writer, componentId);
    writer.u8(pair).u32(epoch).bytes(id).u64(floor);
  },
  read(reader) {
    const componentId = COMPONENT_ID.read(reader);
    return { componentId, pair: reader.u8(), epoch: reader.u32(), id: reader.bytes(16).slice(), floor: reader.u64() };
  },
};

/**
 * Layout: u8 capability present [· file (256)] · u64 serial · u16 count, apps · u16 count, floors · u32 boot count · claim
 * (`CLAIM_FACTS`) · u64 time floor · u16 count, records {u8 record, u8 place, u32 length, digest (32)} ·
 * u16 count, storages {component id (16), u8 pair, u32 epoch, id (16), u64 floor}.
 */
export function encodeState(state: DeviceState): Uint8Array {
  const writer = new ByteWriter(1024).u8(state.capabilityFile === undefined ? 0 : 1);
  if (state.capabilityFile !== undefined) writer.bytes(state.capabilityFile);
  writer.u64(state.capabilitySerial);
  listOf(APP).write(writer, state.apps);
  listOf(FLOOR).write(writer, state.floors);
  writer.u32(state.bootCount);
  CLAIM_FACTS.write(writer, state.claim);
  writer.u64(BigInt(state.timeFloor));
  listOf(RECORD).write(writer, state.records);
  listOf(STORAGE).write(writer, state.storages);
  return writer.finish();
}

/** Of bytes whose MAC was right. Errors: `LayoutErrorCode`, `IdErrorCode`, `abi-malformed`. */
export function decodeState(bytes: Uint8Array): DeviceState {
  const reader = new ByteReader(bytes);
  const capabilityFile = reader.u8() === 1 ? reader.bytes(DEVICE_CAPABILITY_BYTES).slice() : undefined;
  const capabilitySerial = reader.u64();
  const apps = listOf(APP).read(reader);
  const floors = listOf(FLOOR).read(reader);
  const bootCount = reader.u32();
  const claim = CLAIM_FACTS.read(reader);
  const timeFloor = Number(reader.u64());
  const records = listOf(RECORD).read(reader);
  const storages = listOf(STORAGE).read(reader);
  reader.end();
  return { capabilityFile, capabilitySerial, apps, floors, bootCount, claim, timeFloor, records, storages };
}
