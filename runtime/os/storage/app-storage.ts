// The mutable storage of all apps: held in memory while it is used, kept by the monitor on flash. Never a write on flash for each write of
// an app: a flash block lasts 100,000 erases, and an app that appends a line a second would be through in a day.

import type { ComponentId } from '../../../contracts/core/ids.ts';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { StorageRequest } from '../../../contracts/wire/app-call/storage-calls.ts';
import type { AppIdentity, PortResult, StorageAnswer, StoragePort, TimePort } from '../../../host-apis/ports.ts';
import type { SecureCalls } from '../secure-calls.ts';
import { SecureCallRefused } from '../secure-calls.ts';
import { Turnstile } from '../turnstile.ts';
import { performStorage } from './perform-storage.ts';
import { keepVolume, loadVolume } from './sealed-volume.ts';
import { StorageRefusal, StorageVolume } from './storage-volume.ts';
import { WriteAllowance } from './write-allowance.ts';

/** What was written and not synced is on flash this long after its first byte, or as soon as the allowance has a write. */
export const STORAGE_IDLE_NS = 5_000_000_000n;

export interface AppStorageParts {
  readonly monitor: SecureCalls;
  readonly time: TimePort;
  /** Something that nobody expected, for a person: a storage that could not be read, or kept. */
  readonly report: (error: unknown) => void;
}

export class AppStorage implements StoragePort {
  readonly #parts: AppStorageParts;
  readonly #stores = new Map<ComponentId, ComponentStore>();

  constructor(parts: AppStorageParts) {
    this.#parts = parts;
  }

  perform(app: AppIdentity, limitBytes: number, request: StorageRequest): Promise<PortResult<StorageAnswer>> {
    return this.#storeOf(app.componentId as ComponentId).perform(limitBytes, request);
  }

  release({ componentId }: AppIdentity): void {
    void this.#stores.get(componentId as ComponentId)?.release();
  }

  /** The component is removed, and with it everything that it kept. Resolves when no write of it is under way any more. */
  async forget(componentId: ComponentId): Promise<void> {
    await this.#stores.get(componentId)?.forget();
    this.#stores.delete(componentId);
  }

  #storeOf(componentId: ComponentId): ComponentStore {
    const store = this.#stores.get(componentId) ?? new ComponentStore(componentId, this.#parts);
    this.#stores.set(componentId, store);
    return store;
  }
}

/** The storage of one component, whichever version of it runs. */
class ComponentStore {
  readonly #componentId: ComponentId;
  readonly #parts: AppStorageParts;
  /** Calls, and writes to flash, one after another: a sync answers after what was asked before it. */
  readonly #turnstile = new Turnstile();
  readonly #allowance = new WriteAllowance();
  #volume: StorageVolume | undefined;
  /** Differs from what the monitor keeps. */
  #isChanged = false;
  #cancelKeep: (() => void) | undefined;
  /** A sync waits for its write to be allowed; this lets it go on at once. */
  #hurry = (): void => undefined;

  constructor(componentId: ComponentId, parts: AppStorageParts) {
    this.#componentId = componentId;
    this.#parts = parts;
  }

  perform(limitBytes: number, request: StorageRequest): Promise<PortResult<StorageAnswer>> {
    return this.#turnstile.pass(async (): Promise<PortResult<StorageAnswer>> => {
      try {
        const volume = (this.#volume ??= await this.#load());
        if (request.function === 'storage.sync') await this.#sync();
        const result = performStorage(volume, limitBytes, request);
        if (CHANGES.has(request.function)) this.#changed();
        return { ok: true, value: { result, usedBytes: volume.usedBytes } };
      } catch (error) {
        if (error instanceof StorageRefusal) return { ok: false, error: error.code, layer: 'driver' };
        if (!(error instanceof SecureCallRefused)) throw error;
        // The flash is full or worn: the app is told, and goes on.
        this.#parts.report(error);
        return { ok: false, error: error.code === 'flash-full' ? 'no-space' : 'io', layer: 'driver' };
      }
    });
  }

  /** Nobody runs it: what is not on flash yet goes there now, and memory is free of it. */
  release(): Promise<void> {
    this.#hurry();
    return this.#turnstile.pass(async () => {
      await this.#keepAnyway();
      if (!this.#isChanged) this.#volume = undefined;
    });
  }

  forget(): Promise<void> {
    this.#hurry();
    return this.#turnstile.pass(async () => {
      // Whether the component is really removed is the monitor's word: until then nothing of it is lost.
      await this.#keepAnyway();
      this.#volume = undefined;
      this.#isChanged = false;
    });
  }

  async #load(): Promise<StorageVolume> {
    try {
      return await loadVolume(this.#parts.monitor, this.#componentId);
    } catch (error) {
      // Somebody changed the flash, or it failed. An app that could never write again would be worse off than one that starts anew.
      if (!isLost(error)) throw error;
      this.#parts.report(error);
      return new StorageVolume();
    }
  }

  #changed(): void {
    this.#isChanged = true;
    const { time } = this.#parts;
    this.#cancelKeep ??= time.at(this.#allowance.next(time.nowNs() + STORAGE_IDLE_NS), () => {
      this.#cancelKeep = undefined;
      void this.#turnstile.pass(() => this.#keepAnyway());
    });
  }

  /** Errors: `SecureCallRefused`. */
  async #sync(): Promise<void> {
    if (!this.#isChanged) return;
    const { time } = this.#parts;
    const nowNs = time.nowNs();
    const atNs = this.#allowance.next(nowNs);
    if (atNs > nowNs) await this.#until(atNs);
    await this.#keep();
  }

  async #until(atNs: bigint): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.time.at(atNs, resolve);
      this.#hurry = () => {
        cancel();
        resolve();
      };
    });
    this.#hurry = () => undefined;
  }

  async #keep(): Promise<void> {
    this.#dropAlarm();
    if (!this.#isChanged || this.#volume === undefined) return;
    await keepVolume(this.#parts.monitor, this.#componentId, this.#volume.encode());
    this.#isChanged = false;
  }

  async #keepAnyway(): Promise<void> {
    try {
      await this.#keep();
    } catch (error) {
      this.#parts.report(error);
    }
  }

  #dropAlarm(): void {
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
  }
}

const CHANGES: ReadonlySet<StorageRequest['function']> = new Set([
  'storage.create',
  'storage.write',
  'storage.resize',
  'storage.rename',
  'storage.remove',
]);
function isLost(error: unknown): boolean {
  return error instanceof SecureCallRefused ? error.code === 'storage-lost' : isCoded(error);
}
