// A device for one WASI app in a test, in the app's own thread: the real storage rules, a clock that stands until somebody waits, random
// bytes from a seed. It must never answer more kindly than the real broker.

import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import type { StorageRequest } from '../../contracts/wire/app-call/storage-calls.ts';
import { performStorage } from '../../runtime/os/storage/perform-storage.ts';
import { StorageRefusal, StorageVolume } from '../../runtime/os/storage/storage-volume.ts';
import { FakeBroker } from './fake-broker.ts';

export interface WasiDeviceOptions {
  /** Quota; 0: no grant. */
  readonly storageBytes?: number;
  readonly volume?: StorageVolume;
  /** What the wall clock says at the beginning, nanoseconds since 1970. */
  readonly wallNs?: bigint;
  readonly seed?: number;
  /** Handles that are ready at this time; others never are. */
  readonly readyAtNs?: ReadonlyMap<number, bigint>;
}

export class WasiDevice {
  readonly broker = new FakeBroker((request) => this.#answer(request));
  readonly volume: StorageVolume;
  readonly log: string[] = [];
  nowNs = 1_000_000n;
  syncs = 0;
  readonly #options: WasiDeviceOptions;
  #random: number;

  constructor(options: WasiDeviceOptions = {}) {
    this.#options = options;
    this.volume = options.volume ?? new StorageVolume();
    this.#random = options.seed ?? 1;
  }

  #answer(request: AppRequest): AppReply {
    switch (request.function) {
      case 'log.write':
        this.log.push(request.message);
        return done({ kind: 'none' });
      case 'timers.now':
        return done({ kind: 'u64', value: this.nowNs });
      case 'clock.now':
        return done({ kind: 'u64', value: (this.#options.wallNs ?? 0n) + this.nowNs });
      case 'random.bytes':
        return done({ kind: 'bytes', value: Uint8Array.from({ length: request.count }, () => this.#nextByte()) });
      case 'poll.wait':
        return this.#wait(request.handles, request.timeoutNs);
      default:
        if (!isStorage(request)) return { ok: false, error: 'io' };
        return this.#store(request);
    }
  }

  #wait(handles: readonly number[], timeoutNs: bigint | undefined): AppReply {
    const { readyAtNs = new Map<number, bigint>() } = this.#options;
    const times = handles.flatMap((handle) => readyAtNs.get(handle) ?? []);
    const untilNs = [...times, ...(timeoutNs === undefined ? [] : [this.nowNs + timeoutNs])].sort((a, b) =>
      a < b ? -1 : 1,
    )[0];
    if (untilNs === undefined) throw new Error('a wait that nothing ever ends');
    if (untilNs > this.nowNs) this.nowNs = untilNs;
    const indexes = handles.flatMap((handle, index) => (isDue(readyAtNs.get(handle), this.nowNs) ? [index] : []));
    return done({ kind: 'wake', value: indexes.length > 0 ? { kind: 'ready', indexes } : { kind: 'timed-out' } });
  }

  #store(request: StorageRequest): AppReply {
    const { storageBytes: limit = 0 } = this.#options;
    if (limit === 0) return { ok: false, error: 'access-denied' };
    if (request.function === 'storage.sync') this.syncs++;
    try {
      return done(performStorage(this.volume, limit, request));
    } catch (error) {
      if (error instanceof StorageRefusal) return { ok: false, error: error.code };
      throw error;
    }
  }

  /** A linear congruential generator (Knuth, MMIX's high half would do as well): for replay, not for keys. */
  #nextByte(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random >>> 24;
  }
}

function done(result: AppResult): AppReply {
  return { ok: true, result };
}

function isDue(atNs: bigint | undefined, nowNs: bigint): boolean {
  return atNs !== undefined && atNs <= nowNs;
}

function isStorage(request: AppRequest): request is StorageRequest {
  return request.function.startsWith('storage.');
}
