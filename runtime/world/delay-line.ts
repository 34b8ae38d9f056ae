// Holds things back for a time and lets them out in the order that they came in. Never lets a later one overtake, also when the
// delay is made shorter in between.

import type { Alarm, Clock } from '../hil/clock.ts';

export class DelayLine<Item> {
  readonly #clock: Clock & Alarm;
  readonly #deliver: (item: Item) => void;
  #waiting: { readonly item: Item; readonly dueNs: bigint }[] = [];
  #stop: (() => void) | undefined;

  constructor(clock: Clock & Alarm, deliver: (item: Item) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  /** At once when there is no delay and nothing before it. */
  push(item: Item, delayNs: bigint): void {
    if (delayNs === 0n && this.#waiting.length === 0) {
      this.#deliver(item);
      return;
    }
    this.#waiting.push({ item, dueNs: this.#clock.nowNs() + delayNs });
    if (this.#waiting.length === 1) this.#arm();
  }

  /** Those of them that still wait are never delivered. */
  discard(fits: (item: Item) => boolean): void {
    this.#waiting = this.#waiting.filter(({ item }) => !fits(item));
    this.#arm();
  }

  #arm(): void {
    this.#stop?.();
    const [first] = this.#waiting;
    this.#stop = first === undefined ? undefined : this.#clock.at(first.dueNs, () => this.#release());
  }

  #release(): void {
    const nowNs = this.#clock.nowNs();
    for (let first = this.#waiting[0]; first !== undefined && first.dueNs <= nowNs; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#deliver(first.item);
    }
    this.#arm();
  }
}
