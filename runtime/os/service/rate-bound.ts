// How often something may be done: so many times at once, then once in so long. Pure arithmetic over device time.

export interface Rate {
  readonly burst: number;
  readonly everyNs: bigint;
}

export class RateBound {
  readonly #rate: Rate;
  /** When the whole burst is allowed again. */
  #fullAtNs = 0n;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Takes one if there is one: 0; otherwise takes nothing and says how many nanoseconds to wait for it. */
  take(nowNs: bigint): bigint {
    const { burst, everyNs } = this.#rate;
    const fromNs = this.#fullAtNs > nowNs ? this.#fullAtNs : nowNs;
    const waitNs = fromNs + everyNs - nowNs - BigInt(burst) * everyNs;
    if (waitNs > 0n) return waitNs;
    this.#fullAtNs = fromNs + everyNs;
    return 0n;
  }
}
