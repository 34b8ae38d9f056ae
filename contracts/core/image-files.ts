// The read-only files of an image: a flat list of paths and bytes. Never a path that leaves the image.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { IMAGE_FILE_PATH_MAX_BYTES, IMAGE_FILES_MAX_COUNT } from './limits.ts';

/** Layout (little-endian): u16 version = 1, u16 count, then {u16 path length, path (UTF-8), u32 length, bytes}, by path, rising. No files: no bytes. */
const VERSION = 1;

export type ImageFilesErrorCode =
  'files-version-unsupported' | 'files-too-many' | 'file-path-malformed' | 'files-not-sorted';
export class ImageFilesError extends CodedError<ImageFilesErrorCode> {}

/** Path → bytes. Paths have no leading slash, no empty, `.` or `..` segment, no backslash, no control character. */
export type ImageFiles = ReadonlyMap<string, Uint8Array>;

export function encodeImageFiles(files: ImageFiles): Uint8Array {
  const writer = new ByteWriter();
  if (files.size === 0) return writer.finish();
  writer.u16(VERSION).u16(files.size);
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    checkPath(path);
    const name = new TextEncoder().encode(path);
    if (name.length > IMAGE_FILE_PATH_MAX_BYTES)
      throw new ImageFilesError('file-path-malformed', `path of ${name.length} bytes`);
    writer.u16(name.length).bytes(name).u32(bytes.length).bytes(bytes);
  }
  return writer.finish();
}

/** Errors: `ImageFilesErrorCode`, `LayoutErrorCode`. */
export function decodeImageFiles(bytes: Uint8Array): ImageFiles {
  const files = new Map<string, Uint8Array>();
  if (bytes.length === 0) return files;
  const reader = new ByteReader(bytes);
  const version = reader.u16();
  if (version !== VERSION) throw new ImageFilesError('files-version-unsupported', `file list version ${version}`);
  const count = reader.u16();
  if (count > IMAGE_FILES_MAX_COUNT) throw new ImageFilesError('files-too-many', `${count} files`);
  let last = '';
  for (let index = 0; index < count; index++) {
    const path = decodePath(reader.bytes(reader.u16()));
    if (path <= last) throw new ImageFilesError('files-not-sorted', 'paths are not in rising order');
    files.set(path, reader.bytes(reader.u32()));
    last = path;
  }
  reader.end();
  return files;
}

function decodePath(bytes: Uint8Array): string {
  if (bytes.length > IMAGE_FILE_PATH_MAX_BYTES)
    throw new ImageFilesError('file-path-malformed', `path of ${bytes.length} bytes`);
  let path: string;
  try {
    path = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new ImageFilesError('file-path-malformed', 'a path is not UTF-8', { cause });
  }
  checkPath(path);
  return path;
}

function checkPath(path: string): void {
  const segments = path.split('/');
  const bad = segments.some((segment) => segment === '' || segment === '.' || segment === '..');
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  if (bad || /[\u0000-\u001f\\]/.test(path))
    throw new ImageFilesError('file-path-malformed', 'a path that leaves or confuses the image');
}
