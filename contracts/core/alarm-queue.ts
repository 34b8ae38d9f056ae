// Alarms of one clock in the order in which they go off. Never a clock of its own: whoever holds it says what time it is.

export interface DueAlarm {
  readonly atNs: bigint;
  readonly wake: () => void;
}

/** Alarms of the same time go off in the order in which they were set, so that a run can be repeated. */
export class AlarmQueue {
  /** By time, then by age; a board has few of them at once. */
  readonly #alarms: DueAlarm[] = [];

  /** The returned function takes it back; afterwards, or twice, it does nothing. */
  set(atNs: bigint, wake: () => void): () => void {
    const alarm: DueAlarm = { atNs, wake };
    const later = this.#alarms.findIndex((other) => other.atNs > atNs);
    this.#alarms.splice(later < 0 ? this.#alarms.length : later, 0, alarm);
    return () => {
      const index = this.#alarms.indexOf(alarm);
      if (index >= 0) this.#alarms.splice(index, 1);
    };
  }

  /** When the first goes off; `undefined`: none is set. */
  get firstNs(): bigint | undefined {
    return this.#alarms[0]?.atNs;
  }

  /** Takes out the first one that is due; `undefined`: none is. */
  takeDue(nowNs: bigint): DueAlarm | undefined {
    const [first] = this.#alarms;
    if (first === undefined || first.atNs > nowNs) return undefined;
    this.#alarms.shift();
    return first;
  }
}
