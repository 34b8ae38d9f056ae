// The layout of what the monitor remembers across power cuts. Pure bytes: sealing and flash are sealed-state.ts.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../contracts/core/device-capability.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import { hexToBytes, imageIdFromBytes } from '../../contracts/core/ids.ts';
import type { ImageTrust } from './abi/records.ts';
import { COMPONENT_ID, IMAGE_TRUST, listOf } from './abi/records.ts';
import type { Layout } from './abi/records.ts';

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

export interface DeviceState {
  /** The applied device capability file, 256 bytes. */
  readonly capabilityFile: Uint8Array | undefined;
  /** The highest serial that was ever applied: it stays spent. */
  readonly capabilitySerial: bigint;
  readonly apps: readonly AppEntry[];
  /** Stay when the app is removed: reinstalling an old version is a rollback too. */
  readonly floors: readonly RollbackFloor[];
}

export const EMPTY_STATE: DeviceState = { capabilityFile: undefined, capabilitySerial: 0n, apps: [], floors: [] };

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

/** Layout: u8 capability present [· file (256)] · u64 serial · u16 count, apps · u16 count, floors. */
export function encodeState(state: DeviceState): Uint8Array {
  const writer = new ByteWriter(1024).u8(state.capabilityFile === undefined ? 0 : 1);
  if (state.capabilityFile !== undefined) writer.bytes(state.capabilityFile);
  writer.u64(state.capabilitySerial);
  listOf(APP).write(writer, state.apps);
  listOf(FLOOR).write(writer, state.floors);
  return writer.finish();
}

/** Of bytes whose MAC was right. Errors: `LayoutErrorCode`, `IdErrorCode`. */
export function decodeState(bytes: Uint8Array): DeviceState {
  const reader = new ByteReader(bytes);
  const capabilityFile = reader.u8() === 1 ? reader.bytes(DEVICE_CAPABILITY_BYTES).slice() : undefined;
  const capabilitySerial = reader.u64();
  const apps = listOf(APP).read(reader);
  const floors = listOf(FLOOR).read(reader);
  reader.end();
  return { capabilityFile, capabilitySerial, apps, floors };
}
