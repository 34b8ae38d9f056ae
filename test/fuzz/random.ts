// Random numbers that come again for the same seed (mulberry32, Tommy Ettinger, public domain): a finding is its seed. It must never ask
// the engine for randomness.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.u32() % limit;
  }

  pick<T>(from: readonly T[]): T {
    const chosen = from[this.below(from.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }

  /** Every other one on a border of eight, where pointers have to be. */
  hostileWord(): bigint {
    const low = this.hostileU32();
    const high = this.below(3) === 0 ? this.u32() : 0;
    return BigInt(this.below(2) === 0 ? low : (low & ~7) >>> 0) | (BigInt(high) << 32n);
  }

  /** What guests say when they lie: small numbers, borders of 16, 31 and 32 bits and of a page, and anything. */
  hostileU32(): number {
    const border = this.pick([
      0,
      1,
      7,
      8,
      0x7f,
      0xff,
      0x100,
      0xffff,
      0x1_0000,
      0x1_fff8,
      0x2_0000,
      2 ** 31,
      2 ** 32 - 8,
    ]);
    const kind = this.below(4);
    if (kind === 0) return this.below(32);
    if (kind === 1) return this.u32();
    return kind === 2 ? (border + this.below(5) - 2) >>> 0 : this.below(0x2_0000);
  }
}
