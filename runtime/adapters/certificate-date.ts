// The dates of a certificate as the engine's parser prints them. Never its Date objects: for a date that is none they hold whatever lay
// in memory, which may be a time that the certificate would pass by.

/** OpenSSL's ASN1_TIME_print: `Nov 22 21:05:07 2026 GMT`; for what is no date `Bad time value`. */
const PRINTED = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT$/;

/** Seconds since 1970; `undefined` for what is no date. */
export function certificateSeconds(printed: string): number | undefined {
  const seconds = PRINTED.test(printed) ? Date.parse(printed) / 1000 : Number.NaN;
  return Number.isFinite(seconds) ? seconds : undefined;
}
