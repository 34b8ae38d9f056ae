import test from 'ava';
import { FLASH_BLOCK_BYTES, FLASH_PART } from './flash-map.ts';
import { SECURE_FRAME_MAX_BYTES } from './limits.ts';
import { OS_RECORD, OS_RECORD_MAX_BYTES } from './os-records.ts';

const numbers: readonly number[] = Object.values(OS_RECORD);

test('the part of the flash has room for two places of every record, each on blocks of its own', (t) => {
  t.is(OS_RECORD_MAX_BYTES % FLASH_BLOCK_BYTES, 0);
  t.true(Math.max(...numbers) * 2 * OS_RECORD_MAX_BYTES <= FLASH_PART.osRecords.size);
});

test('numbers start at 1 and no two records have one', (t) => {
  t.is(new Set(numbers).size, numbers.length);
  t.true(numbers.every((number) => number >= 1 && number <= 0xff));
});

test('a whole record travels in one frame', (t) => {
  t.true(OS_RECORD_MAX_BYTES + 64 <= SECURE_FRAME_MAX_BYTES);
});
