// What a preopened folder stands on, and how a guest's path becomes a place in it. No path leads out of the folder that it starts from.

import type { Later } from '../../../contracts/core/later.ts';
import type { StorageEntry, StorageKind, StorageStat } from '../../../contracts/wire/app-call/storage-calls.ts';

/** `error-code` of wasi:filesystem/types, in its order. */
export const FS_ERROR_CODES = [
  'access',
  'would-block',
  'already',
  'bad-descriptor',
  'busy',
  'deadlock',
  'quota',
  'exist',
  'file-too-large',
  'illegal-byte-sequence',
  'in-progress',
  'interrupted',
  'invalid',
  'io',
  'is-directory',
  'loop',
  'too-many-links',
  'message-size',
  'name-too-long',
  'no-device',
  'no-entry',
  'no-lock',
  'insufficient-memory',
  'insufficient-space',
  'not-directory',
  'not-empty',
  'not-recoverable',
  'unsupported',
  'no-tty',
  'no-such-device',
  'overflow',
  'not-permitted',
  'pipe',
  'read-only',
  'invalid-seek',
  'text-file-busy',
  'cross-device',
] as const;
export type FsErrorCode = (typeof FS_ERROR_CODES)[number];

/** A refusal: an answer to the guest, never thrown. */
export interface FsRefusal {
  readonly refused: FsErrorCode;
}
export type OrRefusal<T> = T | FsRefusal;

export function refused(code: FsErrorCode): FsRefusal {
  return { refused: code };
}

export function isRefusal(value: unknown): value is FsRefusal {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

export type FileKind = StorageKind;

/** Paths are relative to the folder, names with `/` between them; the empty one is the folder itself. */
export interface FileSystem {
  readonly isReadOnly: boolean;
  stat(path: string): Later<OrRefusal<StorageStat>>;
  list(path: string): Later<OrRefusal<readonly StorageEntry[]>>;
  /** Up to `length` bytes; fewer at the end. */
  read(path: string, offset: number, length: number): Later<OrRefusal<Uint8Array>>;
  write(path: string, offset: number, bytes: Uint8Array): Later<FsRefusal | undefined>;
  create(path: string, kind: FileKind): Later<FsRefusal | undefined>;
  resize(path: string, size: number): Later<FsRefusal | undefined>;
  rename(path: string, to: string): Later<FsRefusal | undefined>;
  remove(path: string, kind: FileKind): Later<FsRefusal | undefined>;
  sync(): Later<FsRefusal | undefined>;
}

/** As Linux has it (PATH_MAX, limits.h), and far over what any folder here takes. */
const PATH_MAX_CHARACTERS = 4096;

export interface ResolvedPath {
  readonly path: string;
  /** The text ends with `/`, `.` or `..`: it can only name a folder. */
  readonly isFolder: boolean;
}

/**
 * Where `text` leads from `base`. As the words say, without a look at what is there: `a/../b` is `b`, also when there is no `a`.
 * Errors: `not-permitted` (absolute, or out of `base`), `no-entry` (nothing), `name-too-long`, `illegal-byte-sequence`.
 */
export function resolvePath(base: string, text: string): OrRefusal<ResolvedPath> {
  if (text.length > PATH_MAX_CHARACTERS) return refused('name-too-long');
  if (text === '') return refused('no-entry');
  if (text.includes('\0')) return refused('illegal-byte-sequence');
  if (text.startsWith('/')) return refused('not-permitted');
  const names: string[] = [];
  const words = text.split('/');
  for (const word of words) {
    if (word === '' || word === '.') continue;
    if (word !== '..') names.push(word);
    else if (names.pop() === undefined) return refused('not-permitted');
  }
  return { path: joined(base, names.join('/')), isFolder: ['', '.', '..'].includes(words.at(-1) ?? '') };
}

function joined(base: string, path: string): string {
  return base === '' || path === '' ? base + path : `${base}/${path}`;
}
