import test from 'ava';
import { certificateSeconds } from './certificate-date.ts';

for (const [printed, seconds] of [
  ['Nov 22 21:05:07 2026 GMT', 1_795_381_507],
  ['Jan  1 00:00:00 1970 GMT', 0],
  ['Dec 31 23:59:59 9999 GMT', 253_402_300_799],
  // What OpenSSL prints for a date that is none.
  ['Bad time value', undefined],
  ['Nov 22 21:05:07 2026', undefined],
  ['2026-11-22T21:05:07Z', undefined],
  ['Nov 99 21:05:07 2026 GMT', undefined],
  ['', undefined],
] as const) {
  test(`"${printed}" is ${seconds ?? 'no date'}`, (t) => t.is(certificateSeconds(printed), seconds));
}
