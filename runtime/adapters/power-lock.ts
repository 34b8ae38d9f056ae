// Lets one secure world at a time be on in a device's folder. Never outlives its process: the kernel holds the lock, not a file's
// content.

import { DatabaseSync } from 'node:sqlite';

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

export interface PowerLock {
  release(): void;
}

/**
 * Takes the lock, or `undefined` when another process has it. It is SQLite's lock on an empty database, that is the operating
 * system's byte-range lock: taking it is one step, so of two that try at once one gets it, and a death of any kind gives it
 * back. Keep what it returns: a lock that nobody refers to any more may be let go. Errors: the system's.
 */
export function takePowerLock(path: string): PowerLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory: a death leaves no journal in the folder.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
