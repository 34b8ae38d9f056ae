// The firewall rows that the monitor programs: the OS's own at boot, an app's at launch. Everything without a row is secure-only.

import { GPIO_WINDOW_BYTES, OS_CONTEXT, REGION, gpioWindow } from '../../contracts/core/chip.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import type { Firewall, FirewallRow } from '../hil/firewall.ts';

/** Locked: not even a later mistake in the monitor widens or drops them before the next reset. */
export function programOsRows(firewall: Firewall): void {
  const row = { master: 'a7Normal', contexts: [OS_CONTEXT], read: true, execute: false, locked: true } as const;
  firewall.add({ ...row, ...REGION.serviceUart, name: 'os: service UART', write: true });
  // For the one register that a virtual clock takes a write at; a real one takes none.
  firewall.add({ ...row, ...REGION.clock, name: 'os: clock', write: true });
}

/** One row per granted pin, in the app's context alone. */
export function appRows(context: number, grants: Grants): readonly FirewallRow[] {
  const row = {
    master: 'a7Normal',
    contexts: [context],
    read: true,
    write: true,
    execute: false,
    locked: false,
  } as const;
  return grants.gpioPins.map((pin) => {
    return { ...row, name: `app ${context}: gpio ${pin}`, base: gpioWindow(pin), size: GPIO_WINDOW_BYTES };
  });
}
