// The whole chip, put together from its blocks. Nothing outside the chip is here: no file, no process, no clock of its own.

import { INTERRUPT } from '../../contracts/core/chip.ts';
import type { Chip } from '../hil/chip.ts';
import type { Clock, SteppedClock } from '../hil/clock.ts';
import type { MonotonicCounter } from '../hil/counter.ts';
import type { CryptoBlock } from '../hil/crypto.ts';
import type { Flash } from '../hil/flash.ts';
import type { Fuses } from '../hil/fuses.ts';
import type { PinWires, SerialWire } from '../hil/pins.ts';
import { BusFirewall } from './bus-firewall.ts';
import { GpioBlock } from './gpio-block.ts';
import { clockWindow, flashWindow } from './read-windows.ts';
import { steppedClockWindow } from './stepped-clock-window.ts';
import { ServiceUart } from './service-uart.ts';
import { SystemBus } from './system-bus.ts';

/** What survives a reset, and what is wired to the chip. */
export interface ChipParts {
  readonly flash: Flash;
  readonly fuses: Fuses;
  readonly counter: MonotonicCounter;
  readonly crypto: CryptoBlock;
  readonly clock: Clock;
  /** The same clock, when it is virtual. */
  readonly steppedClock?: SteppedClock;
}

/** The chip with the legs that lead out of it. */
export interface PackagedChip {
  readonly chip: Chip;
  readonly pins: PinWires;
  readonly serial: SerialWire;
}

/** A chip that has just been reset: pins released, FIFOs empty, firewall at its default, no violation recorded. */
export function resetChip(parts: ChipParts): PackagedChip {
  const firewall = new BusFirewall(parts.clock);
  const pins = new GpioBlock(parts.clock);
  const serial = new ServiceUart(() => bus.interrupt(INTERRUPT.serviceUart));
  const { flash, fuses, counter, crypto, clock, steppedClock } = parts;
  const time = steppedClock === undefined ? clockWindow(clock) : steppedClockWindow(steppedClock);
  const bus: SystemBus = new SystemBus(firewall, [pins, serial, time, flashWindow(flash)]);
  steppedClock?.onMoreTime(() => bus.interrupt(INTERRUPT.timer));
  return { chip: { flash, fuses, counter, crypto, clock, firewall, bus }, pins, serial };
}
