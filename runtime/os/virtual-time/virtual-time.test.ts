// The OS's virtual time on a real chip: when it waits, what it does first, and that no moment is lost.

import test from 'ava';
import { chipParts } from '../../../test/support/bare-chip.ts';
import { settled } from '../../../test/support/virtual-time.ts';
import { resetChip } from '../../soc/chip.ts';
import { LentClock } from '../../soc/lent-clock.ts';
import type { AsyncBus } from '../bus-client.ts';
import { Turns } from './turns.ts';
import { VirtualTime } from './virtual-time.ts';

async function virtualOs() {
  const clock = new LentClock();
  const asked: bigint[] = [];
  clock.onReached((atNs) => asked.push(atNs));
  const { chip } = resetChip({ ...chipParts(clock), steppedClock: clock });
  const bus: AsyncBus = {
    read: async (_context, address, count) => chip.bus.read('a7Secure', 0, address, count),
    write: async (_context, address, bytes) => chip.bus.write('a7Secure', 0, address, bytes),
  };
  const turns = new Turns();
  const work = { isBusy: false };
  const faults: unknown[] = [];
  const time = await VirtualTime.start({
    bus,
    turns,
    isBusy: () => work.isBusy,
    soon: (look) => void setImmediate(look),
    report: (error) => faults.push(error),
  });
  const heard = { interrupts: true };
  chip.bus.onInterrupt(() => heard.interrupts && time.interrupted());
  const happened: string[] = [];
  const at = (atNs: bigint, what: string) => time.at(atNs, () => happened.push(`${time.nowNs()} ${what}`));
  const touched = async (): Promise<void> => {
    time.touched();
    await settled();
    await settled();
  };
  return { clock, asked, turns, work, faults, time, heard, happened, at, touched };
}

test('nothing goes on before time was lent, and then alarms go off at their own moments', async (t) => {
  const { clock, asked, happened, at, time, touched } = await virtualOs();
  at(200n, 'b');
  at(100n, 'a');
  await touched();
  t.deepEqual(happened, []);
  t.deepEqual(asked, [0n]);
  clock.lend(1000n);
  await touched();
  t.deepEqual(happened, ['100 a', '200 b']);
  t.is(time.nowNs(), 1000n);
  t.is(clock.nowNs(), 1000n);
  t.deepEqual(asked, [0n, 1000n]);
});

test('an alarm of the limit itself waits until time may go on: the world is first', async (t) => {
  const { clock, happened, at, touched } = await virtualOs();
  at(1000n, 'at the limit');
  clock.lend(1000n);
  await touched();
  t.deepEqual(happened, []);
  clock.lend(1001n);
  await touched();
  t.deepEqual(happened, ['1000 at the limit']);
});

test('a limit that moves on unheard, before the clock stands there, is seen all the same', async (t) => {
  const { clock, heard, happened, at, touched } = await virtualOs();
  heard.interrupts = false;
  clock.lend(500n);
  at(400n, 'a');
  at(600n, 'b');
  clock.lend(1000n);
  await touched();
  t.deepEqual(happened, ['400 a', '600 b']);
});

test('while the OS is busy, or an app computes, time stands', async (t) => {
  const { clock, work, turns, happened, at, touched } = await virtualOs();
  clock.lend(1000n);
  at(100n, 'alarm');
  work.isBusy = true;
  await touched();
  t.deepEqual(happened, []);
  work.isBusy = false;
  turns.ready('app', () => happened.push('turn'));
  await touched();
  t.deepEqual(happened, ['turn']);
  turns.blocked('app');
  await touched();
  t.deepEqual(happened, ['turn', '100 alarm']);
});

test('who is to start while time stands starts at that moment, however much is lent at once', async (t) => {
  const { clock, heard, time, turns, happened, touched } = await virtualOs();
  heard.interrupts = false;
  turns.ready('app', () => happened.push(`${time.nowNs()} start`));
  clock.lend(10_000n);
  await touched();
  t.deepEqual(happened, ['0 start']);
});

test('apps whose moment is the same have their turns one by one', async (t) => {
  const { clock, time, turns, happened, touched } = await virtualOs();
  clock.lend(1000n);
  for (const id of ['b', 'a']) time.at(50n, () => turns.ready(id, () => happened.push(`${time.nowNs()} ${id}`)));
  await touched();
  t.deepEqual(happened, ['50 a']);
  turns.blocked('a');
  await touched();
  t.deepEqual(happened, ['50 a', '50 b']);
});
