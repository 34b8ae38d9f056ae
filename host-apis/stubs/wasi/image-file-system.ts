// The files of the app's own image as a folder, out of the bytes that the monitor verified. Never written, and no file of any host.

import type { ImageFiles } from '../../../contracts/core/image-files.ts';
import type { StorageEntry, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import type { FileSystem, OrRefusal } from './file-system.ts';
import { refused } from './file-system.ts';

export class ImageFileSystem implements FileSystem {
  readonly isReadOnly = true;
  readonly #files: ImageFiles;
  /** Folder → what lies directly in it, by name. An image has files only: its folders are what their paths say. */
  readonly #folders: ReadonlyMap<string, ReadonlyMap<string, StorageEntry>>;

  constructor(files: ImageFiles) {
    this.#files = files;
    this.#folders = foldersOf(files.keys());
  }

  stat(path: string): OrRefusal<StorageStat> {
    const file = this.#files.get(path);
    if (file !== undefined) return { kind: 'file', size: file.length };
    return this.#folders.has(path) ? { kind: 'directory', size: 0 } : this.#absent(path);
  }

  list(path: string): OrRefusal<readonly StorageEntry[]> {
    const entries = this.#folders.get(path);
    if (entries !== undefined) return [...entries.values()];
    return this.#files.has(path) ? refused('not-directory') : this.#absent(path);
  }

  read(path: string, offset: number, length: number): OrRefusal<Uint8Array> {
    const file = this.#files.get(path);
    if (file !== undefined) return file.subarray(offset, offset + length);
    return this.#folders.has(path) ? refused('is-directory') : this.#absent(path);
  }

  write = () => refused('read-only');
  create = () => refused('read-only');
  resize = () => refused('read-only');
  rename = () => refused('read-only');
  remove = () => refused('read-only');
  sync = () => undefined;

  /** Below a file there is no folder; elsewhere there is nothing. */
  #absent(path: string): OrRefusal<never> {
    const names = path.split('/');
    const isBelowFile = names.some((_, count) => count > 0 && this.#files.has(names.slice(0, count).join('/')));
    return refused(isBelowFile ? 'not-directory' : 'no-entry');
  }
}

function foldersOf(paths: Iterable<string>): ReadonlyMap<string, ReadonlyMap<string, StorageEntry>> {
  const folders = new Map<string, Map<string, StorageEntry>>([['', new Map()]]);
  for (const path of paths) {
    const names = path.split('/');
    names.forEach((name, depth) => {
      const folder = names.slice(0, depth).join('/');
      const entries = folders.get(folder) ?? new Map<string, StorageEntry>();
      folders.set(folder, entries);
      entries.set(name, { kind: depth === names.length - 1 ? 'file' : 'directory', name });
    });
  }
  return folders;
}
