// The mutable storage of an app: files and folders by path within it. Never another app's: the pipe says whose it is.

import { ByteReader, ByteWriter } from '../../core/bytes.ts';
import type { CallArea } from './call-area.ts';
import { AppCallError } from './call-area.ts';

/** A path, UTF-8. What a storage takes is less (contracts/core/app-storage.ts). */
export const STORAGE_PATH_MAX_BYTES = 255;
/** Bytes that one read or write carries. */
export const STORAGE_PART_MAX_BYTES = 32 * 1024;

export const STORAGE_KIND = { file: 0, directory: 1 } as const;
export type StorageKind = keyof typeof STORAGE_KIND;

/** Paths are relative to the storage, with `/` between names; the empty one is the storage itself. */
export type StorageRequest =
  /** → `StorageStat`. */
  | { readonly function: 'storage.stat'; readonly path: string }
  /** → `StorageEntry`s, in the order of their names. */
  | { readonly function: 'storage.list'; readonly path: string }
  | { readonly function: 'storage.create'; readonly path: string; readonly kind: StorageKind }
  /** → bytes; fewer at the end. */
  | { readonly function: 'storage.read'; readonly path: string; readonly offset: number; readonly length: number }
  /** A gap before `offset` is filled with zeros. */
  | { readonly function: 'storage.write'; readonly path: string; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly function: 'storage.resize'; readonly path: string; readonly size: number }
  | { readonly function: 'storage.rename'; readonly path: string; readonly to: string }
  | { readonly function: 'storage.remove'; readonly path: string; readonly kind: StorageKind }
  /** Answers when everything so far would survive a power cut. */
  | { readonly function: 'storage.sync' };

export interface StorageStat {
  readonly kind: StorageKind;
  /** Bytes of a file; 0 for a folder. */
  readonly size: number;
}

export interface StorageEntry {
  readonly kind: StorageKind;
  readonly name: string;
}

export const STORAGE_CALLS: CallArea<StorageRequest> = {
  functions: {
    'storage.stat': 0x0601,
    'storage.list': 0x0602,
    'storage.create': 0x0603,
    'storage.read': 0x0604,
    'storage.write': 0x0605,
    'storage.resize': 0x0606,
    'storage.rename': 0x0607,
    'storage.remove': 0x0608,
    'storage.sync': 0x0609,
  },
  encode(request, writer) {
    switch (request.function) {
      case 'storage.stat':
      case 'storage.list':
        return writeText(writer, request.path);
      case 'storage.create':
      case 'storage.remove':
        writer.u8(STORAGE_KIND[request.kind]);
        return writeText(writer, request.path);
      case 'storage.read':
        writer.u32(request.offset).u32(request.length);
        return writeText(writer, request.path);
      case 'storage.write':
        writer.u32(request.offset);
        writeText(writer, request.path);
        writer.bytes(request.bytes);
        return;
      case 'storage.resize':
        writer.u32(request.size);
        return writeText(writer, request.path);
      case 'storage.rename':
        writeText(writer, request.path);
        return writeText(writer, request.to);
      case 'storage.sync':
        return;
    }
  },
  decode(name, reader) {
    switch (name) {
      case 'storage.stat':
      case 'storage.list':
        return { function: name, path: readText(reader) };
      case 'storage.create':
      case 'storage.remove':
        return { function: name, kind: readKind(reader), path: readText(reader) };
      case 'storage.read':
        return { function: name, offset: reader.u32(), length: partLength(reader.u32()), path: readText(reader) };
      case 'storage.write': {
        const [offset, path, bytes] = [reader.u32(), readText(reader), reader.rest().slice()];
        partLength(bytes.length);
        return { function: name, offset, path, bytes };
      }
      case 'storage.resize':
        return { function: name, size: reader.u32(), path: readText(reader) };
      case 'storage.rename':
        return { function: name, path: readText(reader), to: readText(reader) };
      case 'storage.sync':
        return { function: name };
    }
  },
};

/** `u8 kind · u32 size`, as the `bytes` of a reply. */
export function encodeStorageStat({ kind, size }: StorageStat): Uint8Array {
  return new ByteWriter().u8(STORAGE_KIND[kind]).u32(size).finish();
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function decodeStorageStat(bytes: Uint8Array): StorageStat {
  const reader = new ByteReader(bytes);
  const stat = { kind: readKind(reader), size: reader.u32() };
  reader.end();
  return stat;
}

/** `u16 count`, then `u8 kind · u8 length · name` each. */
export function encodeStorageEntries(entries: readonly StorageEntry[]): Uint8Array {
  const writer = new ByteWriter(1024).u16(entries.length);
  for (const { kind, name } of entries) {
    writer.u8(STORAGE_KIND[kind]);
    writeText(writer, name);
  }
  return writer.finish();
}

/** Errors: `app-call-malformed`, `LayoutErrorCode`. */
export function decodeStorageEntries(bytes: Uint8Array): readonly StorageEntry[] {
  const reader = new ByteReader(bytes);
  const entries = Array.from({ length: reader.u16() }, () => ({ kind: readKind(reader), name: readText(reader) }));
  reader.end();
  return entries;
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > STORAGE_PATH_MAX_BYTES) throw new AppCallError('app-call-too-large', `a path of ${bytes.length}`);
  writer.u8(bytes.length).bytes(bytes);
}

function readText(reader: ByteReader): string {
  return new TextDecoder().decode(reader.bytes(reader.u8()));
}

function readKind(reader: ByteReader): StorageKind {
  const number = reader.u8();
  if (number > 1) throw new AppCallError('app-call-malformed', `kind ${number}`);
  return number === STORAGE_KIND.file ? 'file' : 'directory';
}

function partLength(length: number): number {
  if (length > STORAGE_PART_MAX_BYTES) throw new AppCallError('app-call-malformed', `${length} bytes at once`);
  return length;
}
