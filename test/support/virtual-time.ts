// A clock that stands still until a test moves it, with alarms on it. Never the host's time: what takes hours takes no time here.

import type { Alarm, Clock } from '../../runtime/hil/clock.ts';

export const MS = 1_000_000n;
export const SECOND = 1_000_000_000n;

/** Lets everything that is already on its way in this process come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export class VirtualTime implements Clock, Alarm {
  #nowNs: bigint;
  readonly #alarms = new Set<{ readonly atNs: bigint; readonly wake: () => void }>();

  constructor(startNs = 0n) {
    this.#nowNs = startNs;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  at(atNs: bigint, wake: () => void): () => void {
    const alarm = { atNs, wake };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  /** Moves on, through every alarm on the way in its order; what an alarm starts comes to rest before the next. */
  async advance(byNs: bigint): Promise<void> {
    const untilNs = this.#nowNs + byNs;
    await settled();
    for (let next = this.#next(untilNs); next !== undefined; next = this.#next(untilNs)) {
      this.#alarms.delete(next);
      if (next.atNs > this.#nowNs) this.#nowNs = next.atNs;
      next.wake();
      await settled();
    }
    this.#nowNs = untilNs;
  }

  #next(untilNs: bigint): { readonly atNs: bigint; readonly wake: () => void } | undefined {
    const due = [...this.#alarms].filter(({ atNs }) => atNs <= untilNs);
    return due.reduce<(typeof due)[number] | undefined>(
      (first, alarm) => (first === undefined || alarm.atNs < first.atNs ? alarm : first),
      undefined,
    );
  }
}
