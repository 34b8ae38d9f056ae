// How often one app's storage goes to flash: a burst, and then a steady pace. Never a refusal: who comes too often waits.

/** Writes at once, after a quiet time. */
export const STORAGE_BURST = 32n;
/**
 * Between two writes in the long run. Two places take turns, and a block lasts 100,000 erases: at this pace, day and night, that is 69 days of
 * an app that does its worst, and more than 20 years of one that syncs every hour.
 */
export const STORAGE_PACE_NS = 30_000_000_000n;

/** The generic cell rate algorithm (ITU-T I.371, annex A). */
export class WriteAllowance {
  #theoreticalNs = 0n;

  /** Takes one write that is wanted at `wantedNs`; when it may be made. */
  next(wantedNs: bigint): bigint {
    const earliestNs = this.#theoreticalNs - (STORAGE_BURST - 1n) * STORAGE_PACE_NS;
    const atNs = wantedNs > earliestNs ? wantedNs : earliestNs;
    this.#theoreticalNs = (this.#theoreticalNs > atNs ? this.#theoreticalNs : atNs) + STORAGE_PACE_NS;
    return atNs;
  }
}
