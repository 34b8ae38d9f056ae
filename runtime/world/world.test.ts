// The world around the pins: what a press does to a wire, what the bench sees, and what a bench cannot do.

import test from 'ava';
import fc from 'fast-check';
import type { Drive } from '../../contracts/core/pin-frame.ts';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { WORLD_LINE_MAX_BYTES } from '../../contracts/wire/world-link.ts';
import { MS, VirtualTime } from '../../test/support/virtual-time.ts';
import { AccessPoint } from './access-point.ts';
import { Bench } from './bench.ts';
import type { Bounce, WorldPart } from './parts.ts';
import { World } from './world.ts';
import { readWorldCommand } from './world-command.ts';

const PARTS: readonly WorldPart[] = [
  { kind: 'led', pin: 8, active: 'low' },
  { kind: 'button', pin: 12, active: 'low' },
  { kind: 'button', pin: 14, active: 'high' },
];

function bench(more: { readonly bounce?: Bounce } = {}) {
  const time = new VirtualTime();
  const driven: string[] = [];
  const events: WorldEvent[] = [];
  const tell = (event: WorldEvent) => events.push(event);
  const unused = () => {
    throw new Error('nothing here uses the radio');
  };
  const uplink = { connect: unused, listen: unused, bind: unused, lookup: unused };
  const world = new World({
    parts: PARTS,
    clock: time,
    drive: ({ pin, drive }) => driven.push(`${pin} ${drive}`),
    tell,
    accessPoint: new AccessPoint({ uplink, clock: time, tell }),
    ...more,
  });
  const answers: WorldEvent[] = [];
  const client = new Bench(world, (event) => answers.push(event));
  const say = (text: string): void => client.receive(new TextEncoder().encode(text));
  const chip = (pin: number, drive: Drive): void => world.chipDrives({ from: 'chip', pin, drive, atNs: time.nowNs() });
  const boot = events.splice(0);
  return { time, driven, events, world, answers, say, chip, boot };
}

test('buttons rest at the level that is not their active one, from the beginning', (t) => {
  const { driven, boot } = bench();
  t.deepEqual(driven, ['12 high', '14 low']);
  t.deepEqual(boot, [
    { kind: 'pin', t: 0, pin: 12, level: 1, by: 'world' },
    { kind: 'pin', t: 0, pin: 14, level: 0, by: 'world' },
  ]);
});

test('a press is one edge down and one up, in the chip’s time', async (t) => {
  const { time, driven, events, say } = bench();
  await time.advance(5n * MS);
  say('{"do":"press","pin":12,"forMs":100}\n');
  await time.advance(99n * MS);
  t.deepEqual(driven.slice(2), ['12 low']);
  await time.advance(1n * MS);
  t.deepEqual(driven.slice(2), ['12 low', '12 high']);
  t.deepEqual(events, [
    { kind: 'press', t: 5, pin: 12 },
    { kind: 'pin', t: 5, pin: 12, level: 0, by: 'world' },
    { kind: 'pin', t: 105, pin: 12, level: 1, by: 'world' },
  ]);
});

test('an active-high button goes up when it is pressed', async (t) => {
  const { time, driven, say } = bench();
  say('{"do":"press","pin":14,"forMs":1}\n');
  await time.advance(1n * MS);
  t.deepEqual(driven.slice(2), ['14 high', '14 low']);
});

test('a second press takes the place of the first one’s release', async (t) => {
  const { time, driven, say } = bench();
  say('{"do":"press","pin":12,"forMs":100}\n');
  await time.advance(50n * MS);
  say('{"do":"press","pin":12,"forMs":100}\n');
  await time.advance(60n * MS);
  t.deepEqual(driven.slice(2), ['12 low']);
  await time.advance(40n * MS);
  t.deepEqual(driven.slice(2), ['12 low', '12 high']);
  t.is(time.alarms, 0);
});

test('a contact can bounce, always in the same way', async (t) => {
  const { time, events, say } = bench({ bounce: { swings: 2, everyNs: 1n * MS } });
  say('{"do":"press","pin":12,"forMs":20}\n');
  await time.advance(50n * MS);
  const edges = events.flatMap((event) => (event.kind === 'pin' ? [[event.t, event.level]] : []));
  t.deepEqual(edges, [
    [0, 0],
    [1, 1],
    [2, 0],
    [3, 1],
    [4, 0],
    [20, 1],
    [21, 0],
    [22, 1],
    [23, 0],
    [24, 1],
  ]);
});

test('what the chip drives is seen as edges, and the same level twice as none', (t) => {
  const { events, chip } = bench();
  for (const drive of ['high', 'low', 'low', 'released'] as const) chip(8, drive);
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'pin' ? [event.level] : [])),
    [1, 0, null],
  );
});

for (const { chip: chipDrive, level, seen, why } of [
  { chip: 'high', level: 0, seen: 0, why: 'ground sinks more than a driver sources' },
  { chip: 'low', level: 1, seen: 0, why: 'the same from the other side' },
  { chip: 'released', level: 1, seen: 1, why: 'only one drives' },
  { chip: 'high', level: null, seen: 1, why: 'only the other one drives' },
] as const) {
  test(`chip ${chipDrive} against world ${level} is seen as ${seen}: ${why}`, (t) => {
    const { world, events, chip } = bench();
    chip(8, chipDrive);
    world.command({ do: 'drive', pin: 8, level });
    t.is(events.flatMap((event) => (event.kind === 'pin' ? [event.level] : [])).at(-1), seen);
  });
}

test('the bench switches the access point, arms its faults and sees how it is then', async (t) => {
  const { events, say, time } = bench();
  await time.advance(2n * MS);
  say('{"do":"radio","power":"off"}\n{"do":"radio-cut","afterBytes":9}\n{"do":"radio-delay","delayMs":20}\n');
  t.deepEqual(events, [
    { kind: 'radio', t: 2, power: 'off', cutAfterBytes: null, delayMs: 0, hosts: [] },
    { kind: 'radio', t: 2, power: 'off', cutAfterBytes: 9, delayMs: 0, hosts: [] },
    { kind: 'radio', t: 2, power: 'off', cutAfterBytes: 9, delayMs: 20, hosts: [] },
  ]);
});

test('a frame that claims to be the world’s own changes nothing', (t) => {
  const { world, events } = bench();
  world.chipDrives({ from: 'world', pin: 8, drive: 'low', atNs: 0n });
  t.deepEqual(events, []);
});

for (const { line, code, why } of [
  { line: 'hello', code: 'command-malformed', why: 'no JSON' },
  { line: '[]', code: 'command-malformed', why: 'no object' },
  { line: 'null', code: 'command-malformed', why: 'no object' },
  { line: '{"do":"press","pin":12}', code: 'command-malformed', why: 'no time' },
  { line: '{"do":"press","pin":12,"forMs":0}', code: 'command-malformed', why: 'no time' },
  { line: '{"do":"press","pin":12,"forMs":1e300}', code: 'command-malformed', why: 'longer than an hour' },
  { line: '{"do":"press","pin":81,"forMs":1}', code: 'command-malformed', why: 'no such pin' },
  { line: '{"do":"press","pin":12,"forMs":1,"hard":true}', code: 'command-malformed', why: 'an unknown key' },
  { line: '{"do":"drive","pin":12,"level":2}', code: 'command-malformed', why: 'no level' },
  { line: '{"do":"radio","power":"low"}', code: 'command-malformed', why: 'neither on nor off' },
  { line: '{"do":"radio","power":"on","pin":1}', code: 'command-malformed', why: 'an unknown key' },
  { line: '{"do":"radio-cut","afterBytes":0}', code: 'command-malformed', why: 'no byte at all' },
  { line: '{"do":"radio-cut"}', code: 'command-malformed', why: 'no number' },
  { line: '{"do":"radio-delay","delayMs":0.5}', code: 'command-malformed', why: 'no whole number' },
  { line: '{"do":"radio-delay","delayMs":600001}', code: 'command-malformed', why: 'longer than ten minutes' },
  { line: '{"do":"burn","pin":12}', code: 'command-malformed', why: 'no command' },
  {
    line: `{"do":"drive","pin":12,"level":1,"x":"${'x'.repeat(WORLD_LINE_MAX_BYTES)}"}`,
    code: 'command-malformed',
    why: 'too long',
  },
  { line: '{"do":"press","pin":8,"forMs":1}', code: 'no-such-part', why: 'an LED is no button' },
] as const) {
  test(`${line.slice(0, 60)} is refused as ${code} (${why}), and the next line is heard`, (t) => {
    const { say, answers, events } = bench();
    say(`${line}\n{"do":"press","pin":12,"forMs":1}\n`);
    t.like(answers, [{ kind: 'refused', code }]);
    t.like(events[0], { kind: 'press', pin: 12 });
  });
}

test('lines may come in any pieces', (t) => {
  const { say, driven } = bench();
  for (const character of '\n{"do":"drive","pin":3,"level":0}\n\n') say(character);
  t.deepEqual(driven.slice(2), ['3 low']);
});

test('whatever a line is, it is a command or a refusal, never an exception', (t) => {
  const property = fc.property(
    fc.oneof(fc.string(), fc.json()),
    (line) => typeof readWorldCommand(line).ok === 'boolean',
  );
  t.notThrows(() => fc.assert(property, { numRuns: 500 }));
});
