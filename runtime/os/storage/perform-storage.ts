// One call of an app on its volume, as its answer. Never when anything of it is kept: that is the storage's to decide.

import type { AppResult } from '../../../contracts/wire/app-call.ts';
import type { StorageRequest } from '../../../contracts/wire/app-call/storage-calls.ts';
import { encodeStorageEntries, encodeStorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import type { StorageVolume } from './storage-volume.ts';

const NOTHING: AppResult = { kind: 'none' };

/** `limitBytes`: the app's quota. Errors: `StorageRefusal`. */
export function performStorage(volume: StorageVolume, limitBytes: number, request: StorageRequest): AppResult {
  switch (request.function) {
    case 'storage.stat':
      return { kind: 'bytes', value: encodeStorageStat(volume.stat(request.path)) };
    case 'storage.list':
      return { kind: 'bytes', value: encodeStorageEntries(volume.list(request.path)) };
    case 'storage.read':
      return { kind: 'bytes', value: volume.read(request.path, request.offset, request.length) };
    case 'storage.create':
      volume.create(request.path, request.kind);
      return NOTHING;
    case 'storage.write':
      volume.write(request.path, request.offset, request.bytes, limitBytes);
      return NOTHING;
    case 'storage.resize':
      volume.resize(request.path, request.size, limitBytes);
      return NOTHING;
    case 'storage.rename':
      volume.rename(request.path, request.to);
      return NOTHING;
    case 'storage.remove':
      volume.remove(request.path, request.kind);
      return NOTHING;
    case 'storage.sync':
      return NOTHING;
  }
}
