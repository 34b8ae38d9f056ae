import test from 'ava';
import type { ComponentId } from '../../contracts/core/ids.ts';
import {
  BootBench,
  GROUP_RUNNER,
  RUNNER,
  appImage,
  benchKeys,
  capabilityFile,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';
import type { GroupStraps } from '../hil/chip.ts';
import type { ProcessEnd } from '../hil/launch.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service, developer } = keys;
const app = (number: number): ComponentId =>
  `11111111-2222-3333-4444-${String(number).padStart(12, '0')}` as ComponentId;
const ALL: GroupStraps = { placement: 'thread', contexts: 3, acceptsUnionOfGrants: true };
const KILLED: ProcessEnd = { exitCode: undefined, signal: 'SIGKILL', lastWords: '' };

async function booted(groups: GroupStraps | undefined): Promise<BootBench> {
  const bench = new BootBench(keys, stages);
  bench.groupStraps = groups;
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  const deviceId = bench.deviceId;
  const file = { serial: 1n, rights: ['appDevelopment'] as const, deviceId, developmentKey: developer.publicKey };
  bench.call({ call: 'applyCapability', file: capabilityFile(file, keys.capability) });
  return bench;
}

/** Installed and launched: context and placement, or the refusal. */
function launched(bench: BootBench, number: number, by: 'service' | 'developer' = 'service', code = 'app'): string {
  const wish = { componentId: app(number), code: `${code} ${number}` };
  bench.install(
    by === 'service' ? appImage({ ...wish, key: service }) : appImage({ ...wish, role: 'publisher', key: developer }),
  );
  const answer = bench.call({ call: 'launch', componentId: app(number) });
  return typeof answer === 'string' ? answer : `${answer.placement} ${answer.context}`;
}

test('without a word of the board every app has a process of its own', async (t) => {
  const bench = await booted(undefined);
  t.deepEqual([launched(bench, 1), launched(bench, 2)], ['process 1', 'process 2']);
  t.deepEqual(bench.groups, []);
});

test('apps of one signer share the process of the group, in the contexts that are kept for it', async (t) => {
  const bench = await booted(ALL);
  t.deepEqual([launched(bench, 1), launched(bench, 2)], ['thread 5', 'thread 6']);
  t.is(bench.groups.length, 1);
  t.like(bench.groups[0], { plan: { placement: 'thread', contexts: [5, 6, 7] }, program: { code: GROUP_RUNNER } });
});

test('an app of another signer, and one for which there is no room, has a process of its own', async (t) => {
  const bench = await booted(ALL);
  t.is(launched(bench, 1), 'thread 5');
  t.is(launched(bench, 2, 'developer'), 'process 1');
  t.deepEqual([launched(bench, 3), launched(bench, 4), launched(bench, 5)], ['thread 6', 'thread 7', 'process 2']);
  t.deepEqual(bench.compartments.find(({ context }) => context === 1)?.program.code, RUNNER);
});

test('a board that does not accept the union of grants starts nothing in a group', async (t) => {
  const bench = await booted({ ...ALL, acceptsUnionOfGrants: false });
  t.is(launched(bench, 1), 'placement-not-accepted');
  t.deepEqual([bench.compartments.length, bench.groups.length], [0, 0]);
});

test('a component that would keep the thread while it is compiled has a process of its own', async (t) => {
  const large = 'x'.repeat(600_000);
  t.is(launched(await booted(ALL), 1, 'service', large), 'process 1');
  t.is(launched(await booted({ ...ALL, placement: 'worker' }), 1, 'service', large), 'worker 5');
});

test('one app of a group is ended alone; with the last one goes the process, and until it is gone nobody joins', async (t) => {
  const bench = await booted(ALL);
  launched(bench, 1);
  launched(bench, 2);
  bench.call({ call: 'stop', context: 5 });
  t.deepEqual(
    bench.ended().map(({ context, how }) => [context, how]),
    [[5, { kind: 'signal', signal: 9 }]],
  );
  t.is(bench.groups[0]?.killed, 0);
  t.is(launched(bench, 3), 'thread 5');
  bench.call({ call: 'stop', context: 5 });
  bench.call({ call: 'stop', context: 6 });
  t.is(bench.groups[0]?.killed, 1);
  t.is(launched(bench, 4), 'process 1', 'the old process still holds the pipes of the group');
  bench.groups[0]?.end(KILLED);
  t.is(launched(bench, 5, 'developer'), 'thread 5', 'and now it is anybody’s');
  t.is(bench.groups.length, 2);
});

test('when the process of a group ends by itself, all of its apps have ended', async (t) => {
  const bench = await booted(ALL);
  launched(bench, 1);
  launched(bench, 2);
  bench.groups[0]?.end({ exitCode: 70, signal: undefined, lastWords: 'gone' });
  t.deepEqual(
    bench.ended().map(({ context, how }) => [context, how]),
    [
      [5, { kind: 'exited', exitCode: 70 }],
      [6, { kind: 'exited', exitCode: 70 }],
    ],
  );
  t.is(launched(bench, 3), 'thread 5');
});
