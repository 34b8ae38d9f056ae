// Two read-only windows on the bus: the clock, and the flash as it is mapped for the secure world. Neither takes a write.

import { ByteWriter } from '../../contracts/core/bytes.ts';
import { CLOCK_KIND, CLOCK_REGISTER, REGION } from '../../contracts/core/chip.ts';
import type { Clock } from '../hil/clock.ts';
import type { Flash } from '../hil/flash.ts';
import type { BusDevice } from './system-bus.ts';
import { BUS_BAD_ACCESS, busBytes } from './system-bus.ts';

/** Of a clock that nobody moves. `now` is read as a whole: eight bytes. */
export function clockWindow(clock: Clock): BusDevice {
  return {
    ...REGION.clock,
    read(offset, count) {
      if (offset === CLOCK_REGISTER.now && count === 8) return busBytes(new ByteWriter(8).u64(clock.nowNs()).finish());
      if (offset === CLOCK_REGISTER.kind && count === 4)
        return busBytes(new ByteWriter(4).u32(CLOCK_KIND.real).finish());
      return BUS_BAD_ACCESS;
    },
    write: () => BUS_BAD_ACCESS,
  };
}

export function flashWindow(flash: Flash): BusDevice {
  return {
    ...REGION.flash,
    read: (offset, count) => (offset + count <= flash.sizeBytes ? busBytes(flash.read(offset, count)) : BUS_BAD_ACCESS),
    write: () => BUS_BAD_ACCESS,
  };
}
