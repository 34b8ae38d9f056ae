// Reads an app folder from disk into memory, once. Never follows a link out of it, and never reads without bound.

import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { BuildError } from './build-error.ts';

const FILES_MAX = 4096;
const TREE_MAX_BYTES = 64 * 1024 * 1024;
const DEPTH_MAX = 16;
/** What lies in many a folder and is no source. */
const SKIPPED = /^(?:\..*|node_modules|out|build|CMakeFiles)$/;

/** Path inside the folder, with forward slashes → bytes; paths rise. */
export type SourceTree = ReadonlyMap<string, Uint8Array>;

/** Every file of the folder, but for hidden ones and build output. Errors: `folder-missing`, `folder-too-large`, `file-outside-folder`. */
export function readSourceTree(folder: string): SourceTree {
  const root = realFolder(folder);
  const tree = new Map<string, Uint8Array>();
  let left = TREE_MAX_BYTES;
  const walk = (inside: string, depth: number): void => {
    if (depth > DEPTH_MAX)
      throw new BuildError('folder-too-large', `folders in ${folder} are nested over ${DEPTH_MAX} deep`);
    for (const name of readdirSync(join(root, inside)).sort()) {
      if (SKIPPED.test(name)) continue;
      const path = inside === '' ? name : `${inside}/${name}`;
      const real = realInside(root, path);
      const stat = statSync(real);
      if (stat.isDirectory()) walk(path, depth + 1);
      if (!stat.isFile()) continue;
      const bytes = readBounded(real, left);
      left -= bytes.length;
      tree.set(path, bytes);
      if (tree.size > FILES_MAX) throw new BuildError('folder-too-large', `${folder} has over ${FILES_MAX} files`);
    }
  };
  walk('', 0);
  return tree;
}

/** The folder's real path. Errors: `folder-missing`. */
export function realFolder(folder: string): string {
  try {
    const real = realpathSync(folder);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    throw new BuildError('folder-missing', `there is no folder ${folder}`, { fault: 'caller', cause });
  }
  throw new BuildError('folder-missing', `${folder} is no folder`, { fault: 'caller' });
}

/** A link could put a key or a password of the build machine into a package. Errors: `file-missing`, `file-outside-folder`. */
export function realInside(root: string, path: string): string {
  let real: string;
  try {
    real = realpathSync(join(root, path));
  } catch (cause) {
    throw new BuildError('file-missing', `${path} does not exist in the app folder`, {
      fault: 'caller',
      cause,
      details: { path },
    });
  }
  const inside = relative(root, real);
  if (inside === '..' || inside.startsWith(`..${sep}`) || join(root, inside) !== real) {
    const hint = 'copy the file into the folder';
    throw new BuildError('file-outside-folder', `${path} leads out of the app folder`, {
      fault: 'caller',
      hint,
      details: { path },
    });
  }
  return real;
}

/** At most `max` bytes: a file that grows while it is read is cut off by the error, not by memory. */
function readBounded(file: string, max: number): Uint8Array {
  const size = statSync(file).size;
  if (size > max)
    throw new BuildError('folder-too-large', `with ${file} the folder holds over ${TREE_MAX_BYTES} bytes`, {
      fault: 'caller',
    });
  const bytes = new Uint8Array(size);
  const descriptor = openSync(file, 'r');
  try {
    const count = readSync(descriptor, bytes);
    return bytes.subarray(0, count);
  } finally {
    closeSync(descriptor);
  }
}

/** The file's bytes, or `undefined` if there is none. */
export function readIfPresent(file: string): Uint8Array | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true ? new Uint8Array(readFileSync(file)) : undefined;
}
