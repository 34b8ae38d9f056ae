// Lets one process at a time work on a folder: change an authority, serve from a state. Never outlives its process: the kernel holds the lock, not a file's content.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorityError } from '../domain/authority-error.ts';

const RETRY_MS = 20;
const GIVE_UP_MS = 30_000;
/** SQLITE_BUSY, https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

/**
 * Runs `work` while no other process works on `folder`. The lock is SQLite's on an empty database, that is the operating
 * system's byte-range lock: a pid file would have to guess whether its owner still lives, and two guessers can both win.
 * Errors: `authority-busy`, `authority-folder-unusable`, and those of `work`.
 */
export async function holdingFolder<Result>(
  folder: string,
  work: () => Promise<Result>,
  giveUpMs = GIVE_UP_MS,
): Promise<Result> {
  const database = openLock(join(folder, 'lock.db'));
  try {
    const deadline = performance.now() + giveUpMs;
    while (!take(database)) {
      if (performance.now() > deadline) {
        throw new AuthorityError('authority-busy', `another process has held ${folder} for ${giveUpMs} ms`, {
          fault: 'world',
          hint: 'wait for it to end, or end it; a process that is gone holds nothing',
        });
      }
      await sleep(RETRY_MS);
    }
    return await work();
  } finally {
    database.close();
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw new AuthorityError('authority-folder-unusable', `cannot lock ${path}: ${(cause as Error).message}`, {
      fault: 'world',
      cause,
    });
  }
}

function take(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw new AuthorityError('authority-folder-unusable', `the lock cannot be taken: ${(cause as Error).message}`, {
      fault: 'world',
      cause,
    });
  }
}
