// The TUF files that were accepted last, in the monitor's keeping. Never holds a file that was not verified, and never writes one
// that is there already: flash wears.

import type { OsRecordName } from '../../../contracts/core/os-records.ts';
import type { SecureCalls } from '../secure-calls.ts';
import { SecureCallRefused } from '../secure-calls.ts';
import type { TufRole } from './tuf-metadata.ts';
import { isSameFile } from './tuf-metadata.ts';

const RECORD = {
  root: 'tufRoot',
  timestamp: 'tufTimestamp',
  snapshot: 'tufSnapshot',
  targets: 'tufTargets',
} as const satisfies Readonly<Record<TufRole, OsRecordName>>;

export class UpdateRecords {
  readonly #monitor: SecureCalls;

  constructor(monitor: SecureCalls) {
    this.#monitor = monitor;
  }

  /** The first root of this device: nobody can change it without the platform's signature. Errors: `SecureCallRefused`. */
  firstRoot(): Promise<Uint8Array> {
    return this.#monitor.call({ call: 'keystoreFile', file: 'tufRoot' });
  }

  /**
   * `undefined`: never written, or `record-lost`. A hand on the flash can destroy a record and not choose its content: the device
   * then starts over from its first root, and the rollback floors of images, which the monitor keeps elsewhere, still hold.
   * Errors: `SecureCallRefused`.
   */
  async read(role: TufRole): Promise<Uint8Array | undefined> {
    try {
      const bytes = await this.#monitor.call({ call: 'readRecord', record: RECORD[role] });
      return bytes === undefined || bytes.length === 0 ? undefined : bytes;
    } catch (error) {
      if (error instanceof SecureCallRefused && error.code === 'record-lost') return undefined;
      throw error;
    }
  }

  /** Errors: `SecureCallRefused`. */
  async keep(role: TufRole, bytes: Uint8Array): Promise<void> {
    if (isSameFile(await this.read(role), bytes)) return;
    await this.#monitor.call({ call: 'writeRecord', record: RECORD[role], bytes });
  }
}
