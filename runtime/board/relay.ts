// Joins two ends: what comes in at one goes out at the other, unread. Never holds bytes back for an end that does not take them:
// the one that sends them waits.

import type { RelayEnd } from '../hil/launch.ts';

/** When either end closes, the other one is closed. */
export function joinEnds(a: RelayEnd, b: RelayEnd): void {
  a.onClosed(() => b.close());
  b.onClosed(() => a.close());
  passOn(a, b);
  passOn(b, a);
}

function passOn(from: RelayEnd, to: RelayEnd): void {
  to.onRoom(() => from.resume());
  from.onBytes((bytes) => {
    if (!to.send(bytes)) from.pause();
  });
}
