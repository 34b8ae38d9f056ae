// The registers of a virtual clock on the bus. Never moves time by itself: the clock does, when the normal world waits.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { CLOCK_KIND, CLOCK_REGISTER, REGION } from '../../contracts/core/chip.ts';
import type { SteppedClock } from '../hil/clock.ts';
import type { BusDevice } from './system-bus.ts';
import { BUS_BAD_ACCESS, BUS_OK, busBytes } from './system-bus.ts';

const TIME_BYTES = 8;
const KIND = new ByteWriter(4).u32(CLOCK_KIND.virtual).finish();

/** Every register is accessed as a whole. */
export function steppedClockWindow(clock: SteppedClock): BusDevice {
  const time = (ns: bigint): Uint8Array => new ByteWriter(TIME_BYTES).u64(ns).finish();
  return {
    ...REGION.clock,
    read(offset, count) {
      if (offset === CLOCK_REGISTER.kind && count === KIND.length) return busBytes(KIND);
      if (count !== TIME_BYTES) return BUS_BAD_ACCESS;
      if (offset === CLOCK_REGISTER.now) return busBytes(time(clock.nowNs()));
      return offset === CLOCK_REGISTER.limit ? busBytes(time(clock.limitNs())) : BUS_BAD_ACCESS;
    },
    write(offset, bytes) {
      if (offset !== CLOCK_REGISTER.wait || bytes.length !== TIME_BYTES) return BUS_BAD_ACCESS;
      clock.wait(new ByteReader(bytes).u64());
      return BUS_OK;
    },
  };
}
