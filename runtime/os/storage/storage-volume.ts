// One app's files in memory, and their one form as bytes. Never more than its quota, and never a path that is not plain.

import { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import {
  STORAGE_DEPTH_MAX,
  STORAGE_LIMIT_MAX_BYTES,
  STORAGE_NODES_MAX,
  STORAGE_NODE_PATH_MAX_BYTES,
  STORAGE_VOLUME_MAX_BYTES,
} from '../../../contracts/core/app-storage.ts';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { AppErrorCode } from '../../../contracts/wire/app-call.ts';
import type { StorageEntry, StorageKind, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import { STORAGE_KIND } from '../../../contracts/wire/app-call/storage-calls.ts';

export type VolumeErrorCode = 'volume-malformed' | 'volume-too-large' | 'volume-version-unsupported';
/** Bytes that are no volume. */
export class VolumeError extends CodedError<VolumeErrorCode> {}

/** An answer that the app gets; thrown, so that what was begun is not done. */
export class StorageRefusal extends CodedError<AppErrorCode> {}

const VERSION = 1;

interface Node {
  readonly kind: StorageKind;
  bytes: Uint8Array;
}

export class StorageVolume {
  /** By path; a folder stands before what is in it, as it was made before it. The volume itself is not in it. */
  readonly #nodes = new Map<string, Node>();
  #usedBytes = 0;

  /** Content of all files. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Errors of this and the next: `StorageRefusal`, `no-entry`, `not-directory`, `invalid-argument`, `too-large`. */
  stat(path: string): StorageStat {
    if (path === '') return { kind: 'directory', size: 0 };
    const { kind, bytes } = this.#node(path);
    return { kind, size: bytes.length };
  }

  list(path: string): readonly StorageEntry[] {
    if (this.stat(path).kind === 'file') throw refusal('not-directory', path);
    const prefix = path === '' ? '' : `${path}/`;
    const inside = [...this.#nodes].filter(
      ([name]) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'),
    );
    return inside.map(([name, { kind }]) => ({ kind, name: name.slice(prefix.length) })).sort(byName);
  }

  read(path: string, offset: number, length: number): Uint8Array {
    return this.#file(path).bytes.slice(offset, offset + length);
  }

  /** Errors also: `exists`, `no-space`. */
  create(path: string, kind: StorageKind): void {
    checkPath(path);
    if (this.#nodes.has(path)) throw refusal('exists', path);
    this.#checkFolderOf(path);
    if (this.#nodes.size >= STORAGE_NODES_MAX) throw refusal('no-space', `${STORAGE_NODES_MAX} files and folders`);
    this.#nodes.set(path, { kind, bytes: new Uint8Array(0) });
  }

  /** All of it or nothing. Errors also: `no-space`, `is-directory`. */
  write(path: string, offset: number, bytes: Uint8Array, limitBytes: number): void {
    const file = this.#file(path);
    const size = Math.max(file.bytes.length, offset + bytes.length);
    this.#resize(file, size, limitBytes);
    file.bytes.set(bytes, offset);
  }

  resize(path: string, size: number, limitBytes: number): void {
    this.#resize(this.#file(path), size, limitBytes);
  }

  /** As POSIX `rename`: over a file, or an empty folder, of the same kind. Errors also: `is-directory`, `not-empty`, `invalid-argument`. */
  rename(path: string, to: string): void {
    const node = this.#node(path);
    checkPath(to);
    if (path === to) return;
    // A folder cannot lie in itself.
    if (to.startsWith(`${path}/`)) throw refusal('invalid-argument', to);
    this.#checkFolderOf(to);
    const moved = [...this.#nodes].filter(([name]) => name === path || name.startsWith(`${path}/`));
    // Before anything is changed: what would be too long or too deep, and what lies there.
    for (const [name] of moved) checkPath(to + name.slice(path.length));
    const target = this.#nodes.get(to);
    if (target !== undefined) {
      if (target.kind !== node.kind) throw refusal(target.kind === 'file' ? 'not-directory' : 'is-directory', to);
      this.remove(to, target.kind);
    }
    for (const [name] of moved) this.#nodes.delete(name);
    for (const [name, held] of moved) this.#nodes.set(to + name.slice(path.length), held);
  }

  /** Errors also: `is-directory`, `not-directory`, `not-empty`. */
  remove(path: string, kind: StorageKind): void {
    const node = this.#node(path);
    if (node.kind !== kind) throw refusal(node.kind === 'file' ? 'not-directory' : 'is-directory', path);
    if (kind === 'directory' && this.list(path).length > 0) throw refusal('not-empty', path);
    this.#usedBytes -= node.bytes.length;
    this.#nodes.delete(path);
  }

  /** `u8 version · u8 count`, then `u8 kind · u8 length · path · u32 length · content` each. */
  encode(): Uint8Array {
    const writer = new ByteWriter(1024).u8(VERSION).u8(this.#nodes.size);
    for (const [path, { kind, bytes }] of this.#nodes) {
      const name = new TextEncoder().encode(path);
      writer.u8(STORAGE_KIND[kind]).u8(name.length).bytes(name).u32(bytes.length).bytes(bytes);
    }
    return writer.finish();
  }

  /** Of bytes of any origin. Errors: `VolumeErrorCode`, `LayoutErrorCode`. */
  static decode(bytes: Uint8Array): StorageVolume {
    if (bytes.length > STORAGE_VOLUME_MAX_BYTES) throw new VolumeError('volume-too-large', `${bytes.length} bytes`);
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION) throw new VolumeError('volume-version-unsupported', `version ${version}`);
    const volume = new StorageVolume();
    for (let left = reader.u8(); left > 0; left--) {
      const kind = reader.u8();
      const path = decodePath(reader.bytes(reader.u8()));
      const content = reader.bytes(reader.u32()).slice();
      if (kind > 1 || (kind === STORAGE_KIND.directory && content.length > 0))
        throw new VolumeError('volume-malformed', `kind ${kind}`);
      volume.#restore(path, { kind: kind === STORAGE_KIND.file ? 'file' : 'directory', bytes: content });
    }
    reader.end();
    return volume;
  }

  #restore(path: string, node: Node): void {
    try {
      this.create(path, node.kind);
    } catch (cause) {
      if (cause instanceof StorageRefusal) throw new VolumeError('volume-malformed', cause.message, { cause });
      throw cause;
    }
    this.#nodes.set(path, node);
    this.#usedBytes += node.bytes.length;
  }

  #resize(file: Node, size: number, limitBytes: number): void {
    const used = this.#usedBytes - file.bytes.length + size;
    // An update may have a smaller quota than what lies here: what is there stays readable, and nothing grows.
    // And never more than the monitor would keep, whatever was granted: the bytes are this process's own memory.
    const most = Math.min(limitBytes, STORAGE_LIMIT_MAX_BYTES);
    if (size > file.bytes.length && used > most) throw refusal('no-space', `${used} of ${most} bytes`);
    const bytes = new Uint8Array(size);
    bytes.set(file.bytes.subarray(0, size));
    file.bytes = bytes;
    this.#usedBytes = used;
  }

  #node(path: string): Node {
    checkPath(path);
    const node = this.#nodes.get(path);
    if (node !== undefined) return node;
    this.#checkFolderOf(path);
    throw refusal('no-entry', path);
  }

  #file(path: string): Node {
    if (path === '') throw refusal('is-directory', path);
    const node = this.#node(path);
    if (node.kind === 'directory') throw refusal('is-directory', path);
    return node;
  }

  /** What a path lies in has to be a folder that is there. */
  #checkFolderOf(path: string): void {
    const names = path.split('/');
    for (let count = 1; count < names.length; count++) {
      const folder = this.#nodes.get(names.slice(0, count).join('/'));
      if (folder === undefined) throw refusal('no-entry', path);
      if (folder.kind === 'file') throw refusal('not-directory', path);
    }
  }
}

/** Names with `/` between them; nothing that could be taken for a way out. */
function checkPath(path: string): void {
  const names = path.split('/');
  const isPlain = names.every((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'));
  if (!isPlain) throw refusal('invalid-argument', 'a path that is not plain');
  const bytes = new TextEncoder().encode(path).length;
  if (names.length > STORAGE_DEPTH_MAX || bytes > STORAGE_NODE_PATH_MAX_BYTES)
    throw refusal('too-large', `${bytes} bytes of path, ${names.length} names`);
}

function decodePath(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new VolumeError('volume-malformed', 'a path that is no UTF-8', { cause });
  }
}

function byName(a: StorageEntry, b: StorageEntry): number {
  return a.name < b.name ? -1 : 1;
}

function refusal(code: AppErrorCode, detail: string): StorageRefusal {
  return new StorageRefusal(code, detail, { fault: 'caller' });
}
