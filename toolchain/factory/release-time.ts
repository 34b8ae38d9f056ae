// The time that every release carries into its OS image as the earliest that it can be. Never read from a clock or a file's date: equal
// sources would give unequal releases.

/**
 * Seconds since 1970 of 2026-11-22T00:00:00Z. A lower bound: a device believes no time before it, and judges certificates by it
 * until the service has answered. Set forward, by hand, with a release; never back, and never beyond the day of its making.
 */
export const RELEASE_TIME_SECONDS = Date.UTC(2026, 10, 22) / 1000;
