// How long to wait after a failure: longer each time, and never as long as all the other devices. Pure arithmetic.

const SECOND_NS = 1_000_000_000n;
const FIRST_NS = 5n * SECOND_NS;
const LONGEST_NS = 900n * SECOND_NS;
/** Parts of the random byte string's value. */
const WHOLE = 0x1_0000;

/** A random number from 0 to just below 1. */
export type Chance = () => number;

/** From the source of random bytes that the OS is given. */
export function chanceFrom(random: (count: number) => Uint8Array): Chance {
  return () => {
    const [high = 0, low = 0] = random(2);
    return (high * 256 + low) / WHOLE;
  };
}

/** 5 s, doubling to 15 min, each up to a quarter shorter or longer: a service that comes back is not met by all devices at once. */
export class Backoff {
  readonly #chance: Chance;
  #nextNs = FIRST_NS;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** The wait after one more failure, in nanoseconds. */
  afterFailure(): bigint {
    const delayNs = this.#nextNs;
    this.#nextNs = delayNs * 2n > LONGEST_NS ? LONGEST_NS : delayNs * 2n;
    return (delayNs * BigInt(Math.floor(WHOLE * (0.75 + this.#chance() / 2)))) / BigInt(WHOLE);
  }

  reset(): void {
    this.#nextNs = FIRST_NS;
  }
}
