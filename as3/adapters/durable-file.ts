// Files that are whole or not there, whenever the power goes. Never leaves a private file readable by others, not even for a moment.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AuthorityError } from '../domain/authority-error.ts';

/** Mode bits of the group and of everybody else. */
const OTHERS = 0o077;

/** Replaces the file: new content beside it, synced, renamed over it, the folder synced. */
export async function writeDurableFile(path: string, bytes: Uint8Array, mode: 0o600 | 0o644): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new AuthorityError('authority-folder-unusable', `cannot write ${path}: ${(cause as Error).message}`, {
      fault: 'world',
      cause,
    });
  }
  await syncFolder(folder);
}

/**
 * The bytes of a file of at most `maxBytes`. With `isPrivate`, a file that others may read is refused: its secret must be
 * counted as known. Errors: `authority-file-missing`, `-malformed` (too large), `-exposed`, `authority-folder-unusable`.
 */
export async function readBoundedFile(path: string, maxBytes: number, isPrivate: boolean): Promise<Uint8Array> {
  let file;
  try {
    // A link in place of the file would let its owner swap the content later.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const code = isMissing ? 'authority-file-missing' : 'authority-folder-unusable';
    throw new AuthorityError(
      code,
      isMissing ? `${path} is missing` : `cannot read ${path}: ${(cause as Error).message}`,
      {
        fault: 'world',
        hint: 'bring the folder back from a backup, or start over with a new one',
        cause,
      },
    );
  }
  try {
    const { mode, size } = await file.stat();
    if (isPrivate && process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new AuthorityError('authority-file-exposed', `${path} can be read by other users`, {
        fault: 'world',
        hint: `if nobody did, run: chmod 600 '${path}'`,
      });
    }
    if (size > maxBytes)
      throw new AuthorityError('authority-file-malformed', `${path} has ${size} bytes`, { fault: 'world' });
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there; the rename itself is journaled
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
