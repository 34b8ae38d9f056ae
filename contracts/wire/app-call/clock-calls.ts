// The wall clock as apps read it: nanoseconds since 1970. Never what the device itself judges a certificate by.

import type { CallArea } from './call-area.ts';

/** → u64. Before anybody told the device the time it is the earliest that it can be, carried on by the monotonic clock. */
export type ClockRequest = { readonly function: 'clock.now' };

export const CLOCK_CALLS: CallArea<ClockRequest> = {
  functions: { 'clock.now': 0x0701 },
  encode: () => undefined,
  decode: (name) => ({ function: name }),
};
