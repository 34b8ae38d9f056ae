// The alarm clock on the host's timers: never early, taken back, and not confused by times that no timer can hold.

import test from 'ava';
import { HostAlarmClock } from './os-clock.ts';

test('an alarm never comes before its time, not even by the part of a millisecond', async (t) => {
  const clock = new HostAlarmClock();
  for (const afterNs of [1n, 999_999n, 1_000_001n, 3_500_000n]) {
    const atNs = clock.nowNs() + afterNs;
    await new Promise<void>((resolve) => clock.at(atNs, resolve));
    t.true(clock.nowNs() >= atNs);
  }
});

test('an alarm in the past comes soon, but not inside the call that sets it', async (t) => {
  const clock = new HostAlarmClock();
  let isSet = false;
  await new Promise<void>((resolve) => {
    clock.at(0n, () => {
      t.true(isSet);
      resolve();
    });
    isSet = true;
  });
});

test('an alarm that is taken back, or lies beyond every host timer, does not come', async (t) => {
  const clock = new HostAlarmClock();
  let came = 0;
  const cancel = clock.at(clock.nowNs() + 1_000_000n, () => came++);
  const cancelFar = clock.at(0xffff_ffff_ffff_ffffn, () => came++);
  cancel();
  await new Promise((resolve) => setTimeout(resolve, 10));
  cancelFar();
  t.is(came, 0);
});

test('the origin is subtracted', (t) => {
  const originNs = process.hrtime.bigint();
  t.true(new HostAlarmClock(originNs).nowNs() < 60_000_000_000n);
});
