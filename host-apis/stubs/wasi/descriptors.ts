// What a descriptor of wasi:filesystem can do: rules of access and of paths over a file system. Never a path that the guest's folder does
// not hold.

import type { Later } from '../../../contracts/core/later.ts';
import { after } from '../../../contracts/core/later.ts';
import type { StorageEntry, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';
import { STORAGE_PART_MAX_BYTES } from '../../../contracts/wire/app-call/storage-calls.ts';
import type { FileKind, FileSystem, FsErrorCode, FsRefusal, OrRefusal, ResolvedPath } from './file-system.ts';
import { isRefusal, refused, resolvePath } from './file-system.ts';
import type { InputStream, OutputStream, StreamFault } from './io.ts';
import { ALWAYS_READY, CLOSED } from './io.ts';

/** Bits of `descriptor-flags` and `open-flags`. */
export const DESCRIPTOR_FLAG = { read: 1, write: 2, anySync: 4 | 8 | 16, mutateDirectory: 32 } as const;
export const OPEN_FLAG = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
/** Open at once in one app. */
export const DESCRIPTORS_MAX = 1024;
/** Offsets that a file can have; beyond them there is only its end. */
const OFFSET_MAX = 0xffff_ffff;

/** All descriptors of one app: the bound on them, and where each stands after a rename. */
export class OpenDescriptors {
  readonly #open = new Set<Descriptor>();

  add(descriptor: Descriptor): OrRefusal<Descriptor> {
    // wasi:filesystem has no code for too many open files.
    if (this.#open.size >= DESCRIPTORS_MAX) return refused('insufficient-memory');
    this.#open.add(descriptor);
    return descriptor;
  }

  close(descriptor: Descriptor): void {
    this.#open.delete(descriptor);
  }

  /** What was opened under the old name goes on under the new one. */
  renamed(files: FileSystem, from: string, to: string): void {
    for (const descriptor of this.#open) descriptor.followRename(files, from, to);
  }
}

export class Descriptor {
  readonly files: FileSystem;
  readonly kind: FileKind;
  readonly flags: number;
  #path: string;

  constructor(files: FileSystem, path: string, kind: FileKind, flags: number) {
    this.files = files;
    this.#path = path;
    this.kind = kind;
    this.flags = flags;
  }

  get path(): string {
    return this.#path;
  }

  followRename(files: FileSystem, from: string, to: string): void {
    if (files !== this.files) return;
    if (this.#path === from) this.#path = to;
    else if (this.#path.startsWith(`${from}/`)) this.#path = to + this.#path.slice(from.length);
  }

  stat(): Later<OrRefusal<StorageStat>> {
    return this.files.stat(this.#path);
  }

  /** Up to one part of bytes from `offset`. */
  read(length: bigint, offset: bigint): Later<OrRefusal<Uint8Array>> {
    const denied = this.#mayUse('read');
    if (denied !== undefined) return denied;
    const count = length > BigInt(STORAGE_PART_MAX_BYTES) ? STORAGE_PART_MAX_BYTES : Number(length);
    return this.files.read(this.#path, offset > BigInt(OFFSET_MAX) ? OFFSET_MAX : Number(offset), count);
  }

  /** How many bytes were written: at most one part. */
  write(bytes: Uint8Array, offset: bigint): Later<OrRefusal<number>> {
    const denied = this.#mayUse('write');
    if (denied !== undefined) return denied;
    const part = bytes.subarray(0, STORAGE_PART_MAX_BYTES);
    if (offset + BigInt(part.length) > BigInt(OFFSET_MAX)) return refused('file-too-large');
    return after(this.files.write(this.#path, Number(offset), part), (refusal) => refusal ?? part.length);
  }

  setSize(size: bigint): Later<FsRefusal | undefined> {
    const denied = this.#mayUse('write');
    if (denied !== undefined) return denied;
    return size > BigInt(OFFSET_MAX) ? refused('file-too-large') : this.files.resize(this.#path, Number(size));
  }

  readStream(offset: bigint): OrRefusal<InputStream> {
    return this.#mayUse('read') ?? new FileInput(this, offset);
  }

  /** `offset` undefined: always at the end. */
  writeStream(offset: bigint | undefined): OrRefusal<OutputStream> {
    return this.#mayUse('write') ?? new FileOutput(this, offset);
  }

  list(): Later<OrRefusal<readonly StorageEntry[]>> {
    return this.kind === 'directory' ? this.files.list(this.#path) : refused('not-directory');
  }

  /** A place in this folder. Errors: `not-directory` and those of `resolvePath`. */
  at(text: string): OrRefusal<ResolvedPath> {
    return this.kind === 'directory' ? resolvePath(this.#path, text) : refused('not-directory');
  }

  /** A place in this folder that is to be changed. Errors: also `read-only`, and `busy` for the preopened folder itself. */
  toChange(text: string): OrRefusal<ResolvedPath> {
    const place = this.at(text);
    if (isRefusal(place)) return place;
    if ((this.flags & DESCRIPTOR_FLAG.mutateDirectory) === 0) return refused('read-only');
    return place.path === '' ? refused('busy') : place;
  }

  /** wasi:filesystem/types, `open-at`: a new descriptor, which the caller adds to the open ones. */
  openAt(text: string, openFlags: number, flags: number): Later<OrRefusal<Descriptor>> {
    const place = this.at(text);
    if (isRefusal(place)) return place;
    const has = (flag: keyof typeof OPEN_FLAG): boolean => (openFlags & OPEN_FLAG[flag]) !== 0;
    const wantsFolder = has('directory') || place.isFolder;
    // Every write is kept when the app syncs, closes or ends, never one by one: the flash would not last.
    if ((flags & DESCRIPTOR_FLAG.anySync) !== 0) return refused('unsupported');
    const changes = has('create') || has('truncate') || (flags & ~DESCRIPTOR_FLAG.read) !== 0;
    if (changes && (this.flags & DESCRIPTOR_FLAG.mutateDirectory) === 0) return refused('read-only');
    if (has('create') && has('directory')) return refused('invalid');
    return after(this.files.stat(place.path), (found): Later<OrRefusal<Descriptor>> => {
      if (isRefusal(found)) {
        if (found.refused !== 'no-entry' || !has('create')) return found;
        if (wantsFolder) return refused('is-directory');
        const created = this.files.create(place.path, 'file');
        return after(created, (refusal) => refusal ?? new Descriptor(this.files, place.path, 'file', flags));
      }
      if (has('create') && has('exclusive')) return refused('exist');
      if (found.kind === 'directory') return this.#openFolder(place.path, flags, has('truncate'));
      if (wantsFolder) return refused('not-directory');
      const descriptor = new Descriptor(this.files, place.path, 'file', flags);
      if (!has('truncate')) return descriptor;
      return after(this.files.resize(place.path, 0), (refusal) => refusal ?? descriptor);
    });
  }

  #openFolder(path: string, flags: number, truncates: boolean): OrRefusal<Descriptor> {
    if (truncates || (flags & DESCRIPTOR_FLAG.write) !== 0) return refused('is-directory');
    // A folder below one that may be changed may be changed: libraries open it for reading and then create in it.
    return new Descriptor(this.files, path, 'directory', flags | (this.flags & DESCRIPTOR_FLAG.mutateDirectory));
  }

  #mayUse(what: 'read' | 'write'): FsRefusal | undefined {
    if (this.kind === 'directory') return refused('is-directory');
    return (this.flags & DESCRIPTOR_FLAG[what]) === 0 ? refused('bad-descriptor') : undefined;
  }
}

class FileInput implements InputStream {
  readonly #file: Descriptor;
  #offset: bigint;

  constructor(file: Descriptor, offset: bigint) {
    this.#file = file;
    this.#offset = offset;
  }

  read(maxBytes: number): Later<Uint8Array | StreamFault> {
    return after(this.#file.read(BigInt(maxBytes), this.#offset), (bytes) => {
      if (isRefusal(bytes)) return fault(bytes.refused);
      this.#offset += BigInt(bytes.length);
      return bytes.length === 0 ? CLOSED : bytes;
    });
  }

  subscribe = () => ALWAYS_READY;
}

class FileOutput implements OutputStream {
  readonly #file: Descriptor;
  #offset: bigint | undefined;
  #isOver = false;

  constructor(file: Descriptor, offset: bigint | undefined) {
    this.#file = file;
    this.#offset = offset;
  }

  checkWrite(): number | StreamFault {
    return this.#isOver ? CLOSED : STORAGE_PART_MAX_BYTES;
  }

  write(bytes: Uint8Array): Later<StreamFault | undefined> {
    if (this.#isOver) return CLOSED;
    const place = this.#offset ?? after(this.#file.stat(), (found) => (isRefusal(found) ? found : BigInt(found.size)));
    return after(place, (offset): Later<StreamFault | undefined> => {
      if (typeof offset !== 'bigint') return this.#fail(offset);
      return after(this.#file.write(bytes, offset), (written) => {
        if (isRefusal(written)) return this.#fail(written);
        if (this.#offset !== undefined) this.#offset += BigInt(written);
        return undefined;
      });
    });
  }

  flush = () => undefined;
  subscribe = () => ALWAYS_READY;

  #fail({ refused: code }: FsRefusal): StreamFault {
    this.#isOver = true;
    return fault(code);
  }
}

function fault(code: FsErrorCode): StreamFault {
  return { kind: 'failed', error: { text: code, code: { of: 'filesystem', value: code } } };
}
