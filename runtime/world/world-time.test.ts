// Virtual time as a bench sees it: it stands, it is let run, it stops at what happens in the world.

import test from 'ava';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { settled } from '../../test/support/virtual-time.ts';
import { AccessPoint } from './access-point.ts';
import { Bench } from './bench.ts';
import { World } from './world.ts';
import { WorldTime } from './world-time.ts';

const MS = 1_000_000n;
const SECOND = 1000n * MS;

function surroundings({ drained = () => Promise.resolve() } = {}) {
  const lent: bigint[] = [];
  const events: WorldEvent[] = [];
  const tell = (event: WorldEvent) => void events.push(event);
  const time = new WorldTime({ lend: (limitNs) => void lent.push(limitNs), tell, drained });
  const unused = () => {
    throw new Error('nothing here uses the radio');
  };
  const uplink = { connect: unused, listen: unused, bind: unused, lookup: unused };
  const accessPoint = new AccessPoint({ uplink, clock: time, tell });
  const world = new World({
    parts: [{ kind: 'button', pin: 12, active: 'low' }],
    clock: time,
    time,
    drive: () => undefined,
    tell,
    accessPoint,
  });
  events.length = 0;
  const answers: WorldEvent[] = [];
  const bench = new Bench(world, (event) => answers.push(event));
  const say = async (command: object): Promise<void> => {
    bench.receive(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    await settled();
  };
  const reached = async (atNs: bigint): Promise<void> => {
    time.reached(atNs);
    await settled();
  };
  return { lent, events, answers, say, reached, time };
}

test('nothing is lent until a bench lets time run', async (t) => {
  const { lent, reached } = surroundings();
  await reached(0n);
  t.deepEqual(lent, []);
});

test('time runs in pieces up to where it was let, and then stands there', async (t) => {
  const { lent, events, say, reached } = surroundings();
  await say({ do: 'run', untilMs: 25_000 });
  t.deepEqual(lent, [10n * SECOND]);
  await reached(10n * SECOND);
  await reached(20n * SECOND);
  t.deepEqual(lent, [10n * SECOND, 20n * SECOND, 25n * SECOND]);
  t.deepEqual(events, []);
  await reached(25n * SECOND);
  await reached(25n * SECOND);
  t.deepEqual(events, [{ kind: 'time', t: 25_000 }]);
  t.is(lent.length, 3);
});

test('a press that was scheduled happens at its moment, and ends a piece', async (t) => {
  const { lent, events, say, reached } = surroundings();
  await say({ do: 'press', pin: 12, forMs: 150, atMs: 1000 });
  await say({ do: 'run', untilMs: 2000 });
  for (const atMs of [1000n, 1150n, 2000n]) await reached(atMs * MS);
  t.deepEqual(lent, [SECOND, 1150n * MS, 2n * SECOND]);
  t.deepEqual(events, [
    { kind: 'scheduled', t: 0, pin: 12, atMs: 1000 },
    { kind: 'press', t: 1000, pin: 12 },
    { kind: 'pin', t: 1000, pin: 12, level: 0, by: 'world' },
    { kind: 'pin', t: 1150, pin: 12, level: 1, by: 'world' },
    { kind: 'time', t: 2000 },
  ]);
});

test('what the chip says of another moment than it was lent moves nothing', async (t) => {
  const { lent, say, reached, time } = surroundings();
  await say({ do: 'run', untilMs: 5000 });
  await reached(7n * SECOND);
  await reached(1n);
  t.is(time.nowNs(), 0n);
  t.deepEqual(lent, [5n * SECOND]);
});

test('while a bench has not read what it was told, nothing more is lent', async (t) => {
  const read = Promise.withResolvers<void>();
  const { lent, say } = surroundings({ drained: () => read.promise });
  await say({ do: 'run', untilMs: 5000 });
  t.deepEqual(lent, []);
  read.resolve();
  await settled();
  t.deepEqual(lent, [5n * SECOND]);
});

const REFUSED: readonly (readonly [why: string, command: object, code: string])[] = [
  ['a press while time runs: who knows when it would be', { do: 'press', pin: 12, forMs: 1 }, 'time-is-running'],
  ['a level while time runs', { do: 'drive', pin: 3, level: 1 }, 'time-is-running'],
  ['a second run while time runs', { do: 'run', untilMs: 9000 }, 'time-is-running'],
];
for (const [why, command, code] of REFUSED) {
  test(`the world refuses ${why}`, async (t) => {
    const { answers, say } = surroundings();
    await say({ do: 'run', untilMs: 5000 });
    await say(command);
    t.like(answers, [{ kind: 'refused', code }]);
  });
}

test('the world refuses a moment that is over', async (t) => {
  const { answers, say, reached } = surroundings();
  await say({ do: 'run', untilMs: 500 });
  await reached(500n * MS);
  await say({ do: 'press', pin: 12, forMs: 1, atMs: 499 });
  await say({ do: 'run', untilMs: 100 });
  t.like(answers, [{ code: 'time-is-past' }, { code: 'time-is-past' }]);
});
