// The app's mutable storage as a folder: each call asks the broker, which holds the grant and the quota. Never a byte kept on this side.

import type { AppErrorCode, AppReply, AppResult } from '../../../contracts/wire/app-call.ts';
import type { StorageEntry, StorageRequest, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import {
  STORAGE_PART_MAX_BYTES,
  STORAGE_PATH_MAX_BYTES,
  decodeStorageEntries,
  decodeStorageStat,
} from '../../../contracts/wire/app-call/storage-calls.ts';
import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { BrokerClient } from '../broker-pipe.ts';
import type { FileKind, FileSystem, FsErrorCode, FsRefusal, OrRefusal } from './file-system.ts';
import { refused } from './file-system.ts';

const CODES: Partial<Readonly<Record<AppErrorCode, FsErrorCode>>> = {
  'access-denied': 'access',
  'invalid-argument': 'invalid',
  'no-entry': 'no-entry',
  'no-space': 'insufficient-space',
  exists: 'exist',
  'not-directory': 'not-directory',
  'is-directory': 'is-directory',
  'not-empty': 'not-empty',
  'too-large': 'name-too-long',
};

export class StorageFileSystem implements FileSystem {
  readonly isReadOnly = false;
  readonly #broker: BrokerClient;

  constructor(broker: BrokerClient) {
    this.#broker = broker;
  }

  stat(path: string): Later<OrRefusal<StorageStat>> {
    return this.#bytes({ function: 'storage.stat', path }, decodeStorageStat);
  }
  list(path: string): Later<OrRefusal<readonly StorageEntry[]>> {
    return this.#bytes({ function: 'storage.list', path }, decodeStorageEntries);
  }
  read(path: string, offset: number, length: number): Later<OrRefusal<Uint8Array>> {
    const part = Math.min(length, STORAGE_PART_MAX_BYTES);
    return this.#bytes({ function: 'storage.read', path, offset, length: part }, (bytes) => bytes);
  }
  /** At most `STORAGE_PART_MAX_BYTES`. */
  write(path: string, offset: number, bytes: Uint8Array): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.write', path, offset, bytes });
  }
  create(path: string, kind: FileKind): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.create', path, kind });
  }
  resize(path: string, size: number): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.resize', path, size });
  }
  rename(path: string, to: string): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.rename', path, to });
  }
  remove(path: string, kind: FileKind): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.remove', path, kind });
  }
  sync(): Later<FsRefusal | undefined> {
    return this.#done({ function: 'storage.sync' });
  }

  #done(request: StorageRequest): Later<FsRefusal | undefined> {
    return after(this.#call(request, 'none'), (reply) => (reply.ok ? undefined : refusalOf(reply.error)));
  }

  #bytes<T>(request: StorageRequest, decode: (bytes: Uint8Array) => T): Later<OrRefusal<T>> {
    return after(this.#call(request, 'bytes'), (reply): OrRefusal<T> => {
      if (!reply.ok) return refusalOf(reply.error);
      return reply.result.kind === 'bytes' ? decode(reply.result.value) : refused('io');
    });
  }

  #call(request: StorageRequest, expected: AppResult['kind']): Later<AppReply> {
    const isLong = [pathOf(request), request.function === 'storage.rename' ? request.to : ''].some(
      (path) => new TextEncoder().encode(path).length > STORAGE_PATH_MAX_BYTES,
    );
    return isLong ? { ok: false, error: 'too-large' } : this.#broker.call(request, expected);
  }
}

function pathOf(request: StorageRequest): string {
  return 'path' in request ? request.path : '';
}

function refusalOf(error: AppErrorCode): FsRefusal {
  return refused(CODES[error] ?? 'io');
}
