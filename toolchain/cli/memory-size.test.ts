import test from 'ava';
import { parseMemory } from './memory-size.ts';

for (const [text, bytes] of [
  ['1KiB', 1024],
  ['512KiB', 524_288],
  ['16MiB', 16_777_216],
  ['3GiB', 3_221_225_472],
] as const) {
  test(`parseMemory() reads ${text}`, (t) => t.is(parseMemory(text), bytes));
}

for (const text of ['', '16', '16MB', '0KiB', '4GiB', '-1MiB', '1.5MiB', '16MiB ', '99999999KiB']) {
  test(`parseMemory() refuses ${JSON.stringify(text)}`, (t) => {
    t.throws(() => parseMemory(text), { code: 'memory-malformed' });
  });
}
