// The device's clock on the host's monotonic one. Never the wall clock: setting the host's time does not move a device.

import type { Clock } from '../hil/clock.ts';

/** A clock that starts at 0 now, with the host's reading of that moment (the same for every process of the host). */
export function powerOnClock(): { readonly clock: Clock; readonly poweredOnAtNs: bigint } {
  const poweredOnAtNs = process.hrtime.bigint();
  return { clock: { nowNs: () => process.hrtime.bigint() - poweredOnAtNs }, poweredOnAtNs };
}
