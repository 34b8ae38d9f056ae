// The last device capability serial, in a file. Never gives a number before it is on the disk: a serial that was given twice
// would let an older capability pass for a newer one.

import { join } from 'node:path';
import { AuthorityError } from '../domain/authority-error.ts';
import type { SerialCounter } from '../domain/ports.ts';
import { readBoundedFile, writeDurableFile } from './durable-file.ts';

const FILE = 'capability-serial';
const MAX_SERIAL = 0xffff_ffff_ffff_ffffn;
const FORM = /^(0|[1-9][0-9]{0,19})\n$/;

/** Its caller holds the folder. */
export class SerialFile implements SerialCounter {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, FILE);
  }

  /** The first serial will be 1. */
  async start(): Promise<void> {
    await this.#write(0n);
  }

  /** Errors: `authority-file-missing`, `-malformed`. */
  async last(): Promise<bigint> {
    const text = new TextDecoder().decode(await readBoundedFile(this.#path, 64, false));
    const digits = FORM.exec(text)?.[1];
    const last = digits === undefined ? undefined : BigInt(digits);
    if (last === undefined || last > MAX_SERIAL) {
      throw new AuthorityError('authority-file-malformed', `${this.#path} holds no serial`, {
        fault: 'world',
        hint: 'write the highest serial that was ever issued into it (a device shows its own), as digits and a line feed',
      });
    }
    return last;
  }

  async next(): Promise<bigint> {
    const serial = (await this.last()) + 1n;
    if (serial > MAX_SERIAL)
      throw new AuthorityError('capability-serials-exhausted', 'no serial is left', { fault: 'world' });
    await this.#write(serial);
    return serial;
  }

  async #write(serial: bigint): Promise<void> {
    await writeDurableFile(this.#path, new TextEncoder().encode(`${serial}\n`), 0o644);
  }
}
