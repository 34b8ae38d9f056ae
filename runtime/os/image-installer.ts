// Takes a package over the device link and has the monitor install it. Never decides about trust: it refuses only what the
// monitor cannot see, and stops the app that is replaced.

import type { ComponentId } from '../../contracts/core/ids.ts';
import type { ImageRecord } from '../monitor/abi/records.ts';
import { SECURE_PART_MAX_BYTES } from '../monitor/abi/codec.ts';
import type { ReadAppFacts } from './app-facts.ts';
import type { AppManager } from './app-manager.ts';
import { OsError } from './os-error.ts';
import type { SecureCalls } from './secure-calls.ts';

/** The package as it grows; the monitor has the same bytes. */
interface Staged {
  readonly bytes: Uint8Array;
  filled: number;
}

export class ImageInstaller {
  readonly #monitor: SecureCalls;
  readonly #apps: AppManager;
  readonly #readFacts: ReadAppFacts;
  #staged: Staged | undefined;

  constructor(monitor: SecureCalls, apps: AppManager, readFacts: ReadAppFacts) {
    this.#monitor = monitor;
    this.#apps = apps;
    this.#readFacts = readFacts;
  }

  /** An earlier package is dropped. Errors: `SecureCallRefused` (too long for the flash). */
  async begin(length: number): Promise<void> {
    this.#staged = undefined;
    // The monitor is asked first: it knows the bound, and what it refuses takes no memory here.
    await this.#monitor.call({ call: 'stageBegin', length });
    this.#staged = { bytes: new Uint8Array(length), filled: 0 };
  }

  /** Parts come in order, without gaps. Errors: `stage-not-begun`, `stage-out-of-order`, `SecureCallRefused`. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const staged = this.#staged;
    if (staged === undefined) throw new OsError('stage-not-begun', 'image.begin comes first', { fault: 'caller' });
    if (offset !== staged.filled || offset + bytes.length > staged.bytes.length) {
      throw new OsError(
        'stage-out-of-order',
        `${bytes.length} bytes at ${offset}, ${staged.filled} of ${staged.bytes.length} are there`,
      );
    }
    for (let start = 0; start < bytes.length; start += SECURE_PART_MAX_BYTES) {
      const part = bytes.subarray(start, start + SECURE_PART_MAX_BYTES);
      await this.#monitor.call({ call: 'stageWrite', offset: staged.filled, bytes: part });
      staged.bytes.set(part, staged.filled);
      staged.filled += part.length;
    }
  }

  /**
   * Checks, stops the app that it replaces, installs, starts if asked. A refusal leaves what was installed as it was, running
   * if it ran. Errors: `stage-not-begun`, `image-incomplete`, those of `ReadAppFacts`, `SecureCallRefused`.
   */
  async install(start: boolean): Promise<ImageRecord> {
    const staged = this.#staged;
    this.#staged = undefined;
    if (staged === undefined) throw new OsError('stage-not-begun', 'image.begin comes first', { fault: 'caller' });
    if (staged.filled < staged.bytes.length) {
      throw new OsError('image-incomplete', `${staged.filled} of ${staged.bytes.length} bytes are there`, {
        fault: 'caller',
      });
    }
    const { componentId } = this.#readFacts(staged.bytes);
    const wasActive = this.#apps.isActive(componentId);
    await this.#apps.stopIfAny(componentId);
    const record = await this.#installOrRestart(componentId, wasActive);
    const app = this.#apps.add(componentId);
    if (start) await app.start();
    return record;
  }

  /** Errors: `SecureCallRefused`. */
  async remove(componentId: ComponentId): Promise<void> {
    await this.#apps.stopIfAny(componentId);
    await this.#monitor.call({ call: 'removeImage', componentId });
    this.#apps.forget(componentId);
  }

  async #installOrRestart(componentId: ComponentId, wasActive: boolean): Promise<ImageRecord> {
    try {
      return await this.#monitor.call({ call: 'stageInstall' });
    } catch (error) {
      if (wasActive) await this.#apps.add(componentId).start();
      throw error;
    }
  }
}
