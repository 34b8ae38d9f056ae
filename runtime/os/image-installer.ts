// Takes packages, over the device link or from the service, and has the monitor install them; then the app that was replaced
// makes room for the new one. Never decides about trust: it refuses only what the monitor cannot see.

import type { ComponentId } from '../../contracts/core/ids.ts';
import type { ImageRecord } from '../monitor/abi/records.ts';
import { SECURE_PART_MAX_BYTES } from '../monitor/abi/codec.ts';
import type { ReadAppFacts } from './app-facts.ts';
import type { AppManager } from './app-manager.ts';
import { OsError } from './os-error.ts';
import type { SecureCalls } from './secure-calls.ts';
import type { AppStorage } from './storage/app-storage.ts';
import { Turnstile } from './turnstile.ts';

/** The package as it grows; the monitor has the same bytes. */
interface Staged {
  readonly bytes: Uint8Array;
  filled: number;
}

export class ImageInstaller {
  readonly #monitor: SecureCalls;
  readonly #apps: AppManager;
  readonly #readFacts: ReadAppFacts;
  readonly #storage: Pick<AppStorage, 'forget'>;
  /** The monitor has one staging area: a host at the cable and an update must not write into it in turns. */
  readonly #turnstile = new Turnstile();
  #staged: Staged | undefined;

  constructor(monitor: SecureCalls, apps: AppManager, readFacts: ReadAppFacts, storage: Pick<AppStorage, 'forget'>) {
    this.#monitor = monitor;
    this.#apps = apps;
    this.#readFacts = readFacts;
    this.#storage = storage;
  }

  /** An earlier package is dropped. Errors: `SecureCallRefused` (too long for the flash). */
  begin(length: number): Promise<void> {
    return this.#turnstile.pass(() => this.#begin(length));
  }

  /** Parts come in order, without gaps. Errors: `stage-not-begun`, `stage-out-of-order`, `SecureCallRefused`. */
  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#turnstile.pass(() => this.#write(offset, bytes));
  }

  /**
   * Has the monitor check and install what was staged, while the app that it replaces runs on; then stops that one, and starts
   * the new one if asked. A refusal leaves what was installed as it was, and undisturbed.
   * Errors: `stage-not-begun`, `image-incomplete`, those of `ReadAppFacts`, `SecureCallRefused`.
   */
  install(start: boolean): Promise<ImageRecord> {
    return this.#turnstile.pass(() => this.#install(start));
  }

  /** `begin`, `write` and `install` in one, and a start; a package that a host was staging is dropped. Errors: theirs. */
  installPackage(bytes: Uint8Array): Promise<ImageRecord> {
    return this.#turnstile.pass(async () => {
      await this.#begin(bytes.length);
      await this.#write(0, bytes);
      return this.#install(true);
    });
  }

  /** An app that the monitor does not let go of runs again. Errors: `SecureCallRefused`. */
  remove(componentId: ComponentId): Promise<void> {
    return this.#turnstile.pass(async () => {
      const wasActive = this.#apps.isActive(componentId);
      await this.#apps.stopIfAny(componentId);
      await this.#storage.forget(componentId);
      try {
        await this.#monitor.call({ call: 'removeImage', componentId });
      } catch (error) {
        if (wasActive) await this.#apps.add(componentId).start();
        throw error;
      }
      this.#apps.forget(componentId);
    });
  }

  async #begin(length: number): Promise<void> {
    this.#staged = undefined;
    // The monitor is asked first: it knows the bound, and what it refuses takes no memory here.
    await this.#monitor.call({ call: 'stageBegin', length });
    this.#staged = { bytes: new Uint8Array(length), filled: 0 };
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
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

  async #install(start: boolean): Promise<ImageRecord> {
    const staged = this.#staged;
    this.#staged = undefined;
    if (staged === undefined) throw new OsError('stage-not-begun', 'image.begin comes first', { fault: 'caller' });
    if (staged.filled < staged.bytes.length) {
      throw new OsError('image-incomplete', `${staged.filled} of ${staged.bytes.length} bytes are there`, {
        fault: 'caller',
      });
    }
    const { componentId } = this.#readFacts(staged.bytes);
    const record = await this.#monitor.call({ call: 'stageInstall' });
    await this.#apps.stopIfAny(componentId);
    const app = this.#apps.add(componentId);
    if (start) await app.start();
    return record;
  }
}
