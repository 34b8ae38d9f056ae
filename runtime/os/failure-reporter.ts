// Keeps what a failure report is made of, until somebody collects it. Never sends anything itself.

import type { AppEnd } from '../../contracts/wire/device-link.ts';

/** An app that was given up. */
export interface FailureRecord {
  /** Milliseconds since power-on. */
  readonly t: number;
  readonly app: string;
  readonly componentId: string;
  readonly imageId: string;
  readonly restarts: number;
  readonly lastEnd: AppEnd;
}

/** Older records make room: a device that nobody collects from keeps the newest. */
export const FAILURE_RECORDS_MAX = 32;

export class FailureReporter {
  readonly #records: FailureRecord[] = [];
  #total = 0;

  record(failure: FailureRecord): void {
    this.#total++;
    this.#records.push(failure);
    if (this.#records.length > FAILURE_RECORDS_MAX) this.#records.shift();
  }

  /** Oldest first; `total` counts those that are gone, too. */
  records(): { readonly total: number; readonly records: readonly FailureRecord[] } {
    return { total: this.#total, records: [...this.#records] };
  }
}
