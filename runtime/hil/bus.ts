// The bus of the chip: every access of every master goes through it. Types only.

import type { BusStatus } from '../../contracts/core/bus-frame.ts';
import type { Master } from '../../contracts/core/chip.ts';

export interface BusResult {
  readonly status: BusStatus;
  /** The bytes read; empty for a write and for every status but `ok`. */
  readonly bytes: Uint8Array;
}

/** The firewall is asked first, the device behind the address second. Never throws: a bad access is a status. */
export interface Bus {
  read(master: Master, context: number, address: number, count: number): BusResult;
  write(master: Master, context: number, address: number, bytes: Uint8Array): BusResult;
  /** Interrupts to the A7's normal world, by line (contracts/core/chip.ts). */
  onInterrupt(listener: (line: number) => void): void;
}
