// A medium in a file, sparse until written, that outlives the process. Never caches: what is written is in the file.

import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Medium } from '../hil/medium.ts';

/** Options of a file that keeps state across power cuts. */
export interface FileMediumOptions {
  /**
   * Media that must be on the disk before this one changes: the counter moves only when the record that it counts is
   * safe, also when it is the host that loses power.
   */
  readonly after?: readonly FileMedium[];
}

export class FileMedium implements Medium {
  readonly sizeBytes: number;
  readonly #descriptor: number;
  readonly #after: readonly FileMedium[];

  /** Makes the file (mode 0600) when it is not there, and lengthens a shorter one with zeros. Errors: the system's. */
  constructor(path: string, sizeBytes: number, options: FileMediumOptions = {}) {
    this.sizeBytes = sizeBytes;
    this.#after = options.after ?? [];
    this.#descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (fstatSync(this.#descriptor).size < sizeBytes) ftruncateSync(this.#descriptor, sizeBytes);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const got = readSync(this.#descriptor, bytes, done, length - done, offset + done);
      // A file that somebody cut short reads as untouched.
      if (got === 0) break;
      done += got;
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    for (const other of this.#after) other.sync();
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done);
    }
    if (this.#after.length > 0) this.sync();
  }

  sync(): void {
    fdatasyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
