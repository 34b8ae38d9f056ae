// What one app uses of the device, may use, and used at most in this life. Counts only: whoever gives something out enforces its line.

import { TABLE_ENTRIES_MAX } from '../../contracts/core/limits.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import { RADIO_APP_STREAMS, RADIO_WINDOW_BYTES } from '../../contracts/wire/radio-link.ts';

/**
 * Bytes that the OS holds for one app while nobody takes them: what came and was not read, what was sent and not taken yet. A window in both
 * directions of each of its lines: whoever keeps to the windows stays below it, and nobody gets beyond.
 */
export const BUFFERS_MAX_BYTES = 2 * RADIO_APP_STREAMS * RADIO_WINDOW_BYTES;

/** One resource. */
export class BudgetLine {
  readonly limit: number;
  #used = 0;
  #peak = 0;
  #refused = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }
  get peak(): number {
    return this.#peak;
  }

  /** What `take` would still give. */
  get left(): number {
    return Math.max(0, this.limit - this.#used);
  }
  /** How often `take` gave nothing: datagrams that were dropped, connections that were reset. */
  get refused(): number {
    return this.#refused;
  }

  /** False: it would go over the limit, and nothing was taken. */
  take(amount: number): boolean {
    if (this.#used + amount > this.limit) {
      this.#refused++;
      return false;
    }
    this.now(this.#used + amount);
    return true;
  }

  give(amount: number): void {
    this.#used -= amount;
  }

  /** For what is counted, and held to its limit, elsewhere. */
  now(used: number): void {
    this.#used = used;
    if (used > this.#peak) this.#peak = used;
  }
}

export interface BudgetLimits {
  readonly grants: Grants;
  readonly handlesMax: number;
  /** Bytes of one window. */
  readonly logBytes: number;
}

export class AppBudget {
  /** Bytes of all linear memories, as the runner tells: the linker holds them to the limit. */
  readonly memory: BudgetLine;
  /** Entries of all tables, as the runner tells. */
  readonly tables = new BudgetLine(TABLE_ENTRIES_MAX);
  readonly handles: BudgetLine;
  /** Bytes that the OS holds for the app. */
  readonly buffers = new BudgetLine(BUFFERS_MAX_BYTES);
  /** Bytes of the log in this window. */
  readonly log: BudgetLine;
  /** Bytes of mutable storage. */
  readonly storage: BudgetLine;

  constructor({ grants, handlesMax, logBytes }: BudgetLimits) {
    this.memory = new BudgetLine(grants.memoryBytes);
    this.handles = new BudgetLine(handlesMax);
    this.log = new BudgetLine(logBytes);
    this.storage = new BudgetLine(grants.storageBytes);
  }
}
