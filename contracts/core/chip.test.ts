import test from 'ava';
import * as chip from './chip.ts';
import { BUS_MAX_BYTES } from './limits.ts';
import { FLASH_BLOCK_BYTES, FLASH_BYTES, FLASH_PART } from './flash-map.ts';

const regions = Object.entries(chip.REGION).map(([name, { base, size }]) => ({ name, base, end: base + size }));
const parts = Object.entries(FLASH_PART).map(([name, { offset, size }]) => ({
  name,
  base: offset,
  end: offset + size,
}));

/** Names of the first two ranges that share an address; a row for one would open the other. */
function overlap(ranges: readonly { name: string; base: number; end: number }[]): string | undefined {
  const sorted = [...ranges].sort((a, b) => a.base - b.base);
  const bad = sorted.find((range, index) => range.base < (sorted[index - 1]?.end ?? 0));
  return bad?.name;
}

test('overlap() itself sees two ranges that share one address', (t) => {
  t.is(
    overlap([
      { name: 'a', base: 0, end: 5 },
      { name: 'b', base: 4, end: 9 },
    ]),
    'b',
  );
});

test('no two regions of the chip share an address, and all fit 32 bits', (t) => {
  t.is(overlap(regions), undefined);
  t.true(regions.every(({ end }) => end <= 2 ** 32));
});

test('every GPIO pin has a window of its own inside the region', (t) => {
  for (let pin = 0; pin < chip.GPIO_PINS; pin++) {
    const base = chip.gpioWindow(pin);
    t.is(base, chip.REGION.gpio.base + pin * 16);
    t.true(base + chip.GPIO_WINDOW_BYTES <= chip.REGION.gpio.base + chip.REGION.gpio.size);
  }
  t.true(Object.values(chip.GPIO_REGISTER).every((offset) => offset % 4 === 0 && offset + 4 <= chip.GPIO_WINDOW_BYTES));
});

test('the longest bus access at a FIFO register of the UART stays inside its region', (t) => {
  t.true(chip.UART_REGISTER.receive + BUS_MAX_BYTES <= chip.REGION.serviceUart.size);
  t.true(chip.UART_REGISTER.transmit + BUS_MAX_BYTES <= chip.REGION.serviceUart.size);
});

test('the flash region holds the whole flash', (t) => t.is<number, number>(chip.REGION.flash.size, FLASH_BYTES));

test('no two parts of the flash overlap, all lie inside it and begin and end on an erase block', (t) => {
  t.is(overlap(parts), undefined);
  for (const { name, base, end } of parts) {
    t.is(base % FLASH_BLOCK_BYTES, 0, name);
    t.is(end % FLASH_BLOCK_BYTES, 0, name);
    t.true(end <= FLASH_BYTES, name);
  }
});
