// A hand on the service's disk: reads and changes an image package in its SQLite file, as no part of the service does. For attacks that
// a story plays, on the story's own store alone.

import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { CliError } from '../outcome.ts';

export interface StoredPackage {
  read(): Uint8Array;
  write(bytes: Uint8Array): void;
  /** Also says in the row that this is the package: whoever reads the row vouches for it. */
  writeVouchedFor(bytes: Uint8Array): void;
}

const BUSY_MS = 5_000;

/** Errors of `read`: `story-failed` when there is no such image. */
export function storedPackage(file: string, imageId: string): StoredPackage {
  const opened = <Result,>(work: (database: DatabaseSync) => Result): Result => {
    const database = new DatabaseSync(file, { timeout: BUSY_MS });
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  return {
    read: () =>
      opened((database) => {
        const row = database.prepare('SELECT package FROM images WHERE image_id = ?').get(imageId);
        const bytes = row?.['package'];
        if (bytes instanceof Uint8Array) return bytes;
        throw new CliError('story-failed', `the store has no package of image ${imageId}`);
      }),
    write: (bytes) =>
      opened((database) => {
        database.prepare('UPDATE images SET package = ? WHERE image_id = ?').run(bytes, imageId);
      }),
    writeVouchedFor: (bytes) =>
      opened((database) => {
        const digest = createHash('sha256').update(bytes).digest('hex');
        const statement = 'UPDATE images SET package = ?, package_digest = ?, size_bytes = ? WHERE image_id = ?';
        database.prepare(statement).run(bytes, digest, bytes.length, imageId);
      }),
  };
}
