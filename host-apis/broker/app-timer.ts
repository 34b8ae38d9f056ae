// One timer of an app, as a rule for when it expires. Never an alarm of its own: a fast timer costs nothing until it is asked.

import type { Waitable } from './waitable.ts';

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Expiries are computed from the clock when somebody asks, so an interval of one nanosecond is no load on the OS. */
export class AppTimer implements Waitable {
  /** The first expiry that was not yet taken; `undefined`: disarmed. Nanoseconds since power-on. */
  #nextNs: bigint | undefined;
  #intervalNs = 0n;

  /** First expiry `initialNs` after `nowNs` (0: disarm), then every `intervalNs` (0: once). Expiries not taken are forgotten. */
  set(nowNs: bigint, initialNs: bigint, intervalNs: bigint): void {
    this.#nextNs = initialNs === 0n ? undefined : nowNs + initialNs;
    this.#intervalNs = intervalNs;
  }

  /** When this timer is, or was, ready first; `undefined`: never as it stands. */
  get readyAtNs(): bigint | undefined {
    return this.#nextNs;
  }

  isReady(nowNs: bigint): boolean {
    return this.#nextNs !== undefined && this.#nextNs <= nowNs;
  }

  /** Expiries since the last call, at most what a u64 holds. */
  takeExpirations(nowNs: bigint): bigint {
    if (this.#nextNs === undefined || this.#nextNs > nowNs) return 0n;
    if (this.#intervalNs === 0n) {
      this.#nextNs = undefined;
      return 1n;
    }
    const expired = 1n + (nowNs - this.#nextNs) / this.#intervalNs;
    this.#nextNs += expired * this.#intervalNs;
    return expired > U64_MAX ? U64_MAX : expired;
  }
}
