import test from 'ava';
import fc from 'fast-check';
import { AlarmQueue } from './alarm-queue.ts';

function wokenUntil(queue: AlarmQueue, nowNs: bigint): void {
  for (let due = queue.takeDue(nowNs); due !== undefined; due = queue.takeDue(nowNs)) due.wake();
}

test('AlarmQueue lets alarms go off by time, and those of one time in the order in which they were set', (t) => {
  const queue = new AlarmQueue();
  const woken: string[] = [];
  queue.set(20n, () => woken.push('late'));
  queue.set(10n, () => woken.push('first'));
  queue.set(10n, () => woken.push('second'));
  t.is(queue.firstNs, 10n);
  t.is(queue.takeDue(9n), undefined);
  wokenUntil(queue, 20n);
  t.deepEqual(woken, ['first', 'second', 'late']);
  t.is(queue.firstNs, undefined);
});

test('AlarmQueue forgets an alarm that was taken back, also when another takes it back while it goes off', (t) => {
  const queue = new AlarmQueue();
  const woken: string[] = [];
  const takeBack = queue.set(5n, () => woken.push('taken back'));
  queue.set(4n, takeBack);
  takeBack();
  takeBack();
  wokenUntil(queue, 10n);
  t.deepEqual(woken, []);
});

test('AlarmQueue is a stable sort by time', (t) => {
  const law = fc.property(fc.array(fc.bigInt({ min: 0n, max: 5n })), (times) => {
    const queue = new AlarmQueue();
    const woken: number[] = [];
    times.forEach((atNs, index) => queue.set(atNs, () => woken.push(index)));
    wokenUntil(queue, 5n);
    const sorted = times.map((_, index) => index).sort((a, b) => Number((times[a] ?? 0n) - (times[b] ?? 0n)));
    return woken.join() === sorted.join();
  });
  t.notThrows(() => fc.assert(law));
});
