import test from 'ava';
import { benchContext } from './benchmark.ts';
import { tableOf } from './table.ts';

test('row() states the ratio of our median to the other', (t) => {
  const row = benchContext.row({
    case: 'a call',
    unit: 'ns',
    samples: [1, 2, 3],
    against: { what: 'jco', samples: [8] },
  });
  t.deepEqual(row, {
    case: 'a call',
    unit: 'ns',
    n: 3,
    min: 1,
    median: 2,
    max: 3,
    against: { what: 'jco', median: 8 },
    ratio: 0.25,
  });
});

test('row() without a peer says so with null, as scripts expect', (t) => {
  const { against, ratio } = benchContext.row({ case: 'a', unit: 'ms', samples: [1] });
  t.deepEqual([against, ratio], [null, null]);
});

test('row() has no ratio against zero', (t) => {
  t.is(benchContext.row({ case: 'a', unit: 'ms', samples: [1], against: { what: 'b', samples: [0] } }).ratio, null);
});

test('sampleNs() takes n samples after the warm-up and calls the work in each', (t) => {
  let calls = 0;
  const samples = benchContext.sampleNs(() => (calls += 1), { n: 3, calls: 10, warmup: 2 });
  t.is(samples.length, 3);
  t.is(calls, 50);
  t.true(samples.every((sample) => sample > 0));
});

test('sampleMs() waits for the work', async (t) => {
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  const samples = await benchContext.sampleMs(wait, { n: 2, warmup: 0 });
  t.true(samples.every((sample) => sample >= 4));
});

test('tableOf() aligns the columns and leaves out what a row does not have', (t) => {
  const alone = benchContext.row({ case: 'alone', unit: 'ms', samples: [1.23456] });
  const peer = benchContext.row({ case: 'x', unit: 'ms', samples: [20_000], against: { what: 'peer', samples: [10] } });
  t.is(
    tableOf([alone, peer]),
    [
      'case   n    min  median  p99    max  unit  against  its median  ratio',
      'alone  1  1.235   1.235       1.235  ms',
      'x      1  20000   20000       20000  ms    peer             10  ×2000',
    ].join('\n'),
  );
});
