import test from 'ava';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import { SECOND, VirtualTime, settled } from '../../../test/support/virtual-time.ts';
import { UpdateSchedule } from './update-schedule.ts';

const HOUR = 3600n * SECOND;

function bench() {
  const time = new VirtualTime();
  const looks: bigint[] = [];
  const unexpected: unknown[] = [];
  const state: { answer: () => Promise<unknown> } = { answer: () => Promise.resolve() };
  const check = (): Promise<unknown> => {
    looks.push(time.nowNs() / SECOND);
    return state.answer();
  };
  const report = (error: unknown): void => void unexpected.push(error);
  const schedule = new UpdateSchedule({ check, time, chance: () => 0.5, report });
  return { time, looks, unexpected, schedule, state };
}

test('a device looks for updates when it has attested, and then every 20 hours', async (t) => {
  const { time, looks, schedule } = bench();
  await time.advance(HOUR);
  t.deepEqual(looks, []);
  schedule.attested();
  await time.advance(41n * HOUR);
  t.deepEqual(looks, [3600n, 21n * 3600n, 41n * 3600n]);
  schedule.attested();
  await time.advance(HOUR);
  t.is(looks.length, 4);
});

test('a look that fails is tried again sooner, later each time', async (t) => {
  const { time, looks, schedule, state, unexpected } = bench();
  state.answer = () => Promise.reject(new CodedError('service-unreachable', '', { fault: 'world' }));
  schedule.attested();
  await time.advance(40n * SECOND);
  t.deepEqual(looks, [0n, 5n, 15n, 35n]);
  state.answer = () => Promise.resolve();
  await time.advance(HOUR);
  t.is(looks.length, 5);
  t.deepEqual(unexpected, []);
});

test('one look is made at a time, and an error that nobody expected is reported and no end', async (t) => {
  const { time, looks, schedule, state, unexpected } = bench();
  let fail = (_: Error): void => undefined;
  state.answer = () => new Promise((_, reject) => (fail = reject));
  schedule.attested();
  schedule.attested();
  await settled();
  t.is(looks.length, 1);
  const fault = new TypeError('a bug');
  fail(fault);
  await time.advance(6n * SECOND);
  t.is(looks.length, 2);
  t.deepEqual(unexpected, [fault]);
});
