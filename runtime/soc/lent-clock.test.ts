// Virtual time in the chip: how it moves, and what the normal world can do to it over the bus.

import test from 'ava';
import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { CLOCK_KIND, CLOCK_REGISTER, INTERRUPT, REGION } from '../../contracts/core/chip.ts';
import { chipParts } from '../../test/support/bare-chip.ts';
import { resetChip } from './chip.ts';
import { LentClock } from './lent-clock.ts';

const BASE = REGION.clock.base;
const time = (ns: bigint): Uint8Array => new ByteWriter(8).u64(ns).finish();

function virtualChip() {
  const clock = new LentClock();
  const reached: bigint[] = [];
  clock.onReached((atNs) => reached.push(atNs));
  const { chip } = resetChip({ ...chipParts(clock), steppedClock: clock });
  const lines: number[] = [];
  chip.bus.onInterrupt((line) => lines.push(line));
  const wait = (ns: bigint) => chip.bus.write('a7Secure', 0, BASE + CLOCK_REGISTER.wait, time(ns)).status;
  const register = (offset: number) => {
    const { status, bytes } = chip.bus.read('a7Secure', 0, BASE + offset, 8);
    return status === 'ok' ? new ByteReader(bytes).u64() : status;
  };
  return { clock, chip, reached, lines, wait, register };
}

test('time stands at 0 until something is lent, and a wait asks for more', (t) => {
  const { reached, wait, register, lines } = virtualChip();
  t.is(wait(1000n), 'ok');
  t.is(register(CLOCK_REGISTER.now), 0n);
  t.deepEqual(reached, [0n]);
  t.deepEqual(lines, []);
});

test('a wait moves the clock to its moment, but not to the limit or beyond, and never back', (t) => {
  const { clock, reached, wait, register } = virtualChip();
  clock.lend(1000n);
  wait(400n);
  t.is(register(CLOCK_REGISTER.now), 400n);
  wait(300n);
  t.is(register(CLOCK_REGISTER.now), 400n);
  t.deepEqual(reached, []);
  wait(1000n);
  t.is(register(CLOCK_REGISTER.now), 1000n);
  t.deepEqual(reached, [1000n]);
  t.is(register(CLOCK_REGISTER.limit), 1000n);
});

test('line timer says that time may go on, and only to whom waits at the limit', (t) => {
  const { clock, wait, lines } = virtualChip();
  clock.lend(10n);
  t.deepEqual(lines, []);
  wait(50n);
  clock.lend(10n);
  clock.lend(5n);
  t.deepEqual(lines, []);
  clock.lend(20n);
  clock.lend(30n);
  t.deepEqual(lines, [INTERRUPT.timer]);
});

test('the registers are accessed as a whole, and nothing but wait takes a write', (t) => {
  const { chip, register } = virtualChip();
  t.deepEqual(
    chip.bus.read('a7Secure', 0, BASE + CLOCK_REGISTER.kind, 4).bytes,
    Uint8Array.of(CLOCK_KIND.virtual, 0, 0, 0),
  );
  t.is(register(CLOCK_REGISTER.wait), 'badAccess');
  t.is(chip.bus.read('a7Secure', 0, BASE, 4).status, 'badAccess');
  t.is(chip.bus.write('a7Secure', 0, BASE + CLOCK_REGISTER.wait, time(1n).subarray(0, 4)).status, 'badAccess');
  for (const offset of [CLOCK_REGISTER.now, CLOCK_REGISTER.limit, CLOCK_REGISTER.kind])
    t.is(chip.bus.write('a7Secure', 0, BASE + offset, time(1n)).status, 'badAccess');
});

test('a real clock says that it is one, and takes no wait', (t) => {
  const { chip } = resetChip(chipParts({ nowNs: () => 7n }));
  t.deepEqual(
    chip.bus.read('a7Secure', 0, BASE + CLOCK_REGISTER.kind, 4).bytes,
    Uint8Array.of(CLOCK_KIND.real, 0, 0, 0),
  );
  t.is(chip.bus.write('a7Secure', 0, BASE + CLOCK_REGISTER.wait, time(9n)).status, 'badAccess');
  t.is(chip.bus.read('a7Secure', 0, BASE + CLOCK_REGISTER.limit, 8).status, 'badAccess');
});
