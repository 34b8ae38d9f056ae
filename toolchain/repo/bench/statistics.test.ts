import test from 'ava';
import fc from 'fast-check';
import { summarize } from './statistics.ts';

const ROWS = [
  // one value is all of them
  { samples: [7], is: { n: 1, min: 7, median: 7, max: 7 } },
  // an odd series has a middle, whatever its order
  { samples: [9, 1, 5], is: { n: 3, min: 1, median: 5, max: 9 } },
  // an even one has two, and the median lies between them
  { samples: [4, 1, 3, 2], is: { n: 4, min: 1, median: 2.5, max: 4 } },
  // numbers are sorted as numbers, not as text
  { samples: [10, 9, 100], is: { n: 3, min: 9, median: 10, max: 100 } },
];

for (const { samples, is } of ROWS) {
  test(`summarize() of ${samples.join(', ')}`, (t) => t.deepEqual(summarize(samples), is));
}

test('summarize() gives a 99th percentile from 100 samples on', (t) => {
  const to = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
  t.is(summarize(to(99)).p99, undefined);
  t.true(Math.abs((summarize(to(100)).p99 ?? 0) - 99.01) < 1e-9);
  t.is(summarize(to(101)).p99, 100);
});

test('summarize() refuses an empty series and values that are no measurement', (t) => {
  t.throws(() => summarize([]), { instanceOf: RangeError });
  t.throws(() => summarize([1, Number.NaN]), { instanceOf: RangeError });
  t.throws(() => summarize([1, Infinity]), { instanceOf: RangeError });
});

test('summarize() keeps its order and does not depend on the order of the samples', (t) => {
  const samples = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 1e9 }), { minLength: 1 });
  fc.assert(
    fc.property(samples, (values) => {
      const { min, median, p99 = median, max } = summarize(values);
      t.deepEqual(summarize(values.toReversed()), summarize(values));
      return min <= median && median <= p99 && p99 <= max && min === Math.min(...values) && max === Math.max(...values);
    }),
  );
  t.pass();
});
