// A storage on its way to and from the monitor, in parts that fit a frame. Never what is in it.

import { concatBytes } from '../../../contracts/core/bytes.ts';
import { STORAGE_VOLUME_MAX_BYTES } from '../../../contracts/core/app-storage.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { SECURE_PART_MAX_BYTES } from '../../monitor/abi/codec.ts';
import type { SecureCalls } from '../secure-calls.ts';
import { StorageVolume, VolumeError } from './storage-volume.ts';

/** An app that never kept anything has an empty one. Errors: `SecureCallRefused` (`storage-lost`), `VolumeErrorCode`, `LayoutErrorCode`. */
export async function loadVolume(monitor: SecureCalls, componentId: ComponentId): Promise<StorageVolume> {
  let bytes = new Uint8Array(0);
  for (;;) {
    const part = await monitor.call({
      call: 'readStorage',
      componentId,
      offset: bytes.length,
      length: SECURE_PART_MAX_BYTES,
    });
    bytes = Uint8Array.from(concatBytes(bytes, part));
    if (bytes.length > STORAGE_VOLUME_MAX_BYTES) throw new VolumeError('volume-too-large', `${bytes.length} bytes`);
    if (part.length < SECURE_PART_MAX_BYTES) break;
  }
  return bytes.length === 0 ? new StorageVolume() : StorageVolume.decode(bytes);
}

/** Answers when a power cut no longer takes it away. Errors: `SecureCallRefused`. */
export async function keepVolume(monitor: SecureCalls, componentId: ComponentId, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += SECURE_PART_MAX_BYTES) {
    const part = bytes.subarray(offset, offset + SECURE_PART_MAX_BYTES);
    await monitor.call({ call: 'writeStorage', componentId, total: bytes.length, offset, bytes: part });
  }
}
