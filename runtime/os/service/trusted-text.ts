// Seconds since 1970 as people write them. Never a clock.

/** ISO 8601 in UTC, e.g. `2027-01-15T08:00:00.000Z`; up to the year 275760, the last one that has a text. */
export function isoTime(seconds: number): string {
  return new Date(Math.min(seconds * 1000, 8.64e15)).toISOString();
}
