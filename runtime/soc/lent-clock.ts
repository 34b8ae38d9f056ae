// A device's virtual time: it stands still while anything computes, and goes on, while the normal world waits, as far as the world
// around the device has lent it. Never the host's time.

import type { SteppedClock } from '../hil/clock.ts';

/**
 * Starts at 0 with nothing lent. Up to the limit, which it does not include, nothing of the world happens: the device goes from alarm
 * to alarm without asking. There it asks: `onReached` is the question, `lend` the answer.
 *
 * @example
 *   const clock = new LentClock();
 *   clock.onReached((atNs) => world.reached(atNs));
 *   clock.lend(1_000_000_000n);
 *   clock.wait(250_000_000n); // clock.nowNs() === 250_000_000n
 */
export class LentClock implements SteppedClock {
  #nowNs = 0n;
  #limitNs = 0n;
  /** The normal world waits at the limit. */
  #isAtLimit = false;
  #reached: (atNs: bigint) => void = () => undefined;
  #moreTime: () => void = () => undefined;

  nowNs(): bigint {
    return this.#nowNs;
  }

  limitNs(): bigint {
    return this.#limitNs;
  }

  wait(atNs: bigint): void {
    if (atNs < this.#limitNs) {
      if (atNs > this.#nowNs) this.#nowNs = atNs;
      return;
    }
    this.#nowNs = this.#limitNs;
    this.#isAtLimit = true;
    this.#reached(this.#limitNs);
  }

  /** Time may go so far; what was lent before is never taken back. */
  lend(limitNs: bigint): void {
    if (limitNs <= this.#limitNs) return;
    this.#limitNs = limitNs;
    if (!this.#isAtLimit) return;
    this.#isAtLimit = false;
    this.#moreTime();
  }

  onMoreTime(listener: () => void): void {
    this.#moreTime = listener;
  }

  /** One listener: the world. */
  onReached(listener: (atNs: bigint) => void): void {
    this.#reached = listener;
  }
}
