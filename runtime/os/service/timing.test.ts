// The arithmetic of waiting: back-off, renewal, rates.

import test from 'ava';
import fc from 'fast-check';
import { SECOND } from '../../../test/support/virtual-time.ts';
import { Backoff, chanceFrom } from './backoff.ts';
import { RateBound } from './rate-bound.ts';
import { renewalDelaySeconds } from './renewal.ts';

const chances = fc.double({ min: 0, max: 0.999_999, noNaN: true });

test('Backoff: 5 s doubling to 15 min, each within a quarter; a success makes it short again', (t) => {
  const law = fc.property(chances, (chance) => {
    const backoff = new Backoff(() => chance);
    for (const seconds of [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]) {
      const wait = Number(backoff.afterFailure()) / 1e9;
      t.true(wait >= seconds * 0.749 && wait <= seconds * 1.251, `${wait} for ${seconds}`);
    }
    backoff.reset();
    t.true(backoff.afterFailure() < 7n * SECOND);
  });
  t.notThrows(() => fc.assert(law));
});

test('a chance is from 0 to below 1', (t) => {
  t.is(chanceFrom((count) => new Uint8Array(count))(), 0);
  const most = chanceFrom((count) => new Uint8Array(count).fill(255))();
  t.true(most < 1 && most > 0.999);
});

test('RateBound: a burst, then one in each interval, and a burst again after a rest', (t) => {
  const bound = new RateBound({ burst: 3, everyNs: 10n });
  t.deepEqual(
    [0n, 0n, 0n, 0n, 9n, 10n, 10n, 19n, 20n].map((at) => bound.take(at)),
    [0n, 0n, 0n, 10n, 1n, 0n, 10n, 1n, 0n],
  );
  t.deepEqual(
    [100n, 100n, 100n, 100n].map((at) => bound.take(at)),
    [0n, 0n, 0n, 10n],
  );
});

test('RateBound: never more than the burst and one for each interval, whatever the times', (t) => {
  const law = fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 100 }), (gaps) => {
    const bound = new RateBound({ burst: 4, everyNs: 10n });
    let now = 0n;
    let taken = 0;
    for (const gap of gaps) {
      now += BigInt(gap);
      if (bound.take(now) === 0n) taken++;
    }
    t.true(taken <= 4 + Number(now / 10n));
    t.true(taken >= Math.min(gaps.length, 1));
  });
  t.notThrows(() => fc.assert(law));
});

for (const { why, validity, now, seconds } of [
  { why: 'at two thirds of a day', validity: [0, 86_400], now: 0, seconds: 57_600 },
  { why: 'sooner, the older they are when they come', validity: [0, 86_400], now: 50_000, seconds: 7_600 },
  { why: 'in 5 s when they are past it', validity: [0, 86_400], now: 80_000, seconds: 5 },
  { why: 'in a day when they last for a year', validity: [0, 31_536_000], now: 0, seconds: 86_400 },
] as const) {
  test(`certificates are renewed ${why}`, (t) => {
    const [notBeforeSeconds, notAfterSeconds] = validity;
    const delay = (chance: number): number =>
      renewalDelaySeconds([{ notBeforeSeconds, notAfterSeconds }], now, () => chance);
    t.is(delay(0), seconds);
    t.true(delay(0.99) <= seconds);
  });
}

test('the certificate that ends first says when', (t) => {
  const day = { notBeforeSeconds: 0, notAfterSeconds: 86_400 };
  const hour = { notBeforeSeconds: 0, notAfterSeconds: 3600 };
  t.is(
    renewalDelaySeconds([day, hour], 0, () => 0),
    2400,
  );
});
