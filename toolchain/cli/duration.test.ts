import test from 'ava';
import { parseDuration, parsePress } from './duration.ts';

const GOOD: readonly (readonly [string, number])[] = [
  ['250ms', 250],
  ['3s', 3000],
  ['1.5s', 1500], // fractions are common in scripts
  ['2m', 120_000],
  ['1h', 3_600_000],
];
for (const [text, ms] of GOOD) {
  test(`parseDuration() reads ${text}`, (t) => {
    t.is(parseDuration(text), ms);
  });
}

const BAD = [
  '3', // no unit: seconds or milliseconds?
  '-1s', // the past
  's',
  '1d', // not a unit here
  '1s ',
  '',
];
for (const text of BAD) {
  test(`parseDuration() refuses "${text}"`, (t) => {
    t.like(
      t.throws(() => parseDuration(text)),
      { code: 'duration-malformed' },
    );
  });
}

test('parsePress() splits name and moment', (t) => {
  t.deepEqual(parsePress('SAMPLE_BUTTON_1@1s'), { name: 'SAMPLE_BUTTON_1', atMs: 1000 });
});

for (const text of ['SAMPLE_BUTTON_1', '@1s', 'A@1s@2s', 'A@']) {
  test(`parsePress() refuses "${text}"`, (t) => {
    t.like(
      t.throws(() => parsePress(text)),
      { code: 'press-malformed' },
    );
  });
}
