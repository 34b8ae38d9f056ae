// The host's monotonic clock with alarms on it. Never the wall clock, and never an alarm before its time.

import type { Alarm, Clock } from '../hil/clock.ts';

/** The longest that one host timer can wait (2^31 - 1 ms); a later alarm is set again when it has passed. */
const TIMER_MAX_MS = 0x7fff_ffffn;
const NS_PER_MS = 1_000_000n;

/** Reads `process.hrtime` less `originNs`. */
export class HostAlarmClock implements Clock, Alarm {
  readonly #originNs: bigint;

  constructor(originNs = 0n) {
    this.#originNs = originNs;
  }

  nowNs(): bigint {
    return process.hrtime.bigint() - this.#originNs;
  }

  at(atNs: bigint, wake: () => void): () => void {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const leftNs = atNs - this.nowNs();
      // A host timer counts whole milliseconds and may come a little early: what is left is waited for again.
      const waitMs = leftNs <= 0n ? 0n : (leftNs + NS_PER_MS - 1n) / NS_PER_MS;
      timer = setTimeout(
        () => (this.nowNs() >= atNs ? wake() : arm()),
        Number(waitMs < TIMER_MAX_MS ? waitMs : TIMER_MAX_MS),
      );
    };
    arm();
    return () => clearTimeout(timer);
  }
}
