// Updates over the air: what goes in, what is refused, and that nothing is lost on the way.

import test from 'ava';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { FLASH_BLOCK_BYTES } from '../../../contracts/core/flash-map.ts';
import { DEVICE_API } from '../../../contracts/wire/device-api.ts';
import type { AppVersion } from '../../../test/support/update-bench.ts';
import { imageIdOf, packageOf, updateBench } from '../../../test/support/update-bench.ts';

const A = '00000000-0000-4000-8000-00000000000a' as ComponentId;
const B = '00000000-0000-4000-8000-00000000000b' as ComponentId;
const C = '00000000-0000-4000-8000-00000000000c' as ComponentId;
const A1: AppVersion = { componentId: A, rollbackIndex: 1, name: 'A' };
const A2: AppVersion = { componentId: A, rollbackIndex: 2, name: 'A' };
const B1: AppVersion = { componentId: B, rollbackIndex: 1, name: 'B' };
const B2: AppVersion = { componentId: B, rollbackIndex: 2, name: 'B' };
const C1: AppVersion = { componentId: C, rollbackIndex: 1, name: 'C' };
const idOf = (version: AppVersion) => ({ componentId: version.componentId, imageId: imageIdOf(version) });
const ids = (...versions: readonly AppVersion[]): string[] => versions.map(imageIdOf).sort();

test('a deployment is installed, started, told and reported', async (t) => {
  const { deploy, check, installed, apps, events, reported } = updateBench();
  deploy('one', A1, B1);
  t.deepEqual(await check(), {
    outcome: 'installed',
    deploymentId: 'one',
    installed: [idOf(A1), idOf(B1)],
    refused: [],
  });
  t.deepEqual(installed(), ids(A1, B1));
  t.deepEqual(
    apps.statuses().map(({ state, restarts }) => [state, restarts]),
    [
      ['running', 0],
      ['running', 0],
    ],
  );
  t.like(events.filter(({ kind }) => kind === 'update')[0], {
    kind: 'update',
    app: 'A',
    ...idOf(A1),
    outcome: 'installed',
  });
  t.deepEqual(reported[0], { category: 'AppUpdate', ...idOf(A1), detail: 'installed' });
});

test('a second look downloads no image and changes nothing', async (t) => {
  const { deploy, check, session, monitor, reported } = updateBench();
  deploy('one', A1);
  await check();
  session.paths.length = 0;
  const { writes } = monitor;
  t.deepEqual(await check(), { outcome: 'up-to-date', deploymentId: 'one', installed: [], refused: [] });
  t.false(session.paths.some((path) => path.startsWith(DEVICE_API.targets.path)));
  t.is(monitor.writes, writes);
  t.is(reported.length, 1);
});

test('the old version runs until the monitor has accepted the new one; then the new one runs', async (t) => {
  const { deploy, check, running, monitor, apps } = updateBench();
  await running(A1);
  deploy('two', A2);
  monitor.requests.length = 0;
  t.is((await check()).outcome, 'installed');
  const calls = monitor.requests
    .map(({ call }) => call)
    .filter((call) => ['stageInstall', 'stop', 'launch'].includes(call));
  t.deepEqual(calls, ['stageInstall', 'stop', 'launch']);
  t.like(apps.get(A).status(), { state: 'running', restarts: 0 });
});

test('without a deployment everything stays', async (t) => {
  const { deploy, check, running, installed, apps } = updateBench();
  await running(A1);
  deploy(null);
  t.deepEqual(await check(), { outcome: 'no-deployment', deploymentId: null, installed: [], refused: [] });
  t.deepEqual(installed(), ids(A1));
  t.is(apps.get(A).state, 'running');
});

test('a device of a developer is left alone, without a word to the service', async (t) => {
  const { deploy, check, monitor, session } = updateBench();
  deploy('one', A1);
  monitor.rights = ['appDevelopment'];
  t.is((await check()).outcome, 'development');
  t.deepEqual(session.paths, []);
});

test('a right that comes into force during a look ends it before the next image', async (t) => {
  const { deploy, updates, through, monitor, installed } = updateBench();
  deploy('one', A1, B1);
  const call = monitor.call.bind(monitor);
  monitor.call = async (request) => {
    if (request.call === 'stageInstall') monitor.rights = ['appDevelopment'];
    return call(request);
  };
  t.like(await through(updates.check()), { outcome: 'development', installed: [idOf(A1)] });
  t.deepEqual(installed(), ids(A1));
});

test('two looks at once are one', async (t) => {
  const { deploy, updates, through, session } = updateBench();
  deploy('one', A1);
  const both = await through(Promise.all([updates.check(), updates.check()]));
  t.is(both[0], both[1]);
  t.is(session.paths.filter((path) => path.endsWith('timestamp.json')).length, 1);
});

interface Refusal {
  readonly what: string;
  readonly code: string;
  /** Makes the device or the service so that `A2` is refused. */
  readonly given: (bench: ReturnType<typeof updateBench>) => void;
  readonly wanted?: AppVersion;
}
const refusesAs = (code: Parameters<ReturnType<typeof updateBench>['monitor']['distrusted']['set']>[1]): Refusal => ({
  what: `an image that the monitor says ${code} to`,
  code,
  given: ({ monitor }) => void monitor.distrusted.set(imageIdOf(A2), code),
});
const REFUSALS: readonly Refusal[] = [
  {
    what: 'an image with one changed byte',
    code: 'update-target-mismatch',
    given: ({ session }) => {
      const bytes = packageOf(A2);
      bytes[400] = (bytes[400] ?? 0) ^ 1;
      session.tampered.set(imageIdOf(A2), bytes);
    },
  },
  {
    what: 'another image under good signatures in its place',
    code: 'update-target-mismatch',
    given: ({ session }) => void session.tampered.set(imageIdOf(A2), packageOf(A1)),
  },
  {
    what: 'an image that is cut short',
    code: 'update-target-mismatch',
    given: ({ session }) => void session.tampered.set(imageIdOf(A2), packageOf(A2).slice(0, -1)),
  },
  {
    what: 'an image without end',
    code: 'update-target-mismatch',
    given: ({ session }) => void session.tampered.set(imageIdOf(A2), new Uint8Array(2_000_000)),
  },
  {
    what: 'an image that the service does not have',
    code: 'update-target-missing',
    given: ({ session }) => void session.statuses.set(imageIdOf(A2), 404),
  },
  {
    // The director's own words contradict each other: a good digest, another image.
    what: 'an image of another id than the director says',
    code: 'update-target-mismatch',
    given: ({ repository }) => {
      const [image] = repository.images;
      if (image === undefined) throw new Error('no image');
      repository.images[0] = { bytes: packageOf({ ...A2, rollbackIndex: 3 }), custom: image.custom };
      repository.release();
    },
  },
  {
    what: 'bytes that are no package',
    code: 'image-truncated',
    given: ({ repository }) => {
      const [image] = repository.images;
      if (image === undefined) throw new Error('no image');
      repository.images[0] = { bytes: new Uint8Array(9), custom: image.custom };
      repository.release();
    },
  },
  {
    what: 'an image whose grants are not its manifest’s',
    code: 'grants-mismatch',
    given: () => undefined,
    wanted: { ...A2, manifestPins: [9], grantedPins: [9, 10] },
  },
  { what: 'an older image', code: 'image-rolled-back', given: () => undefined, wanted: { ...A1, rollbackIndex: 0 } },
  refusesAs('image-not-trusted'),
  refusesAs('image-wrong-catalog'),
  refusesAs('image-publisher-signature-missing'),
  refusesAs('memory-over-limit'),
  {
    what: 'an image for which there is no room beside the old one',
    code: 'flash-full',
    given: ({ monitor }) => void (monitor.applicationsBytes = FLASH_BLOCK_BYTES),
  },
];
for (const { what, code, given, wanted = A2 } of REFUSALS) {
  test(`${what} is refused as ${code}, told and reported, and the old app runs on undisturbed`, async (t) => {
    const bench = updateBench();
    const { deploy, check, running, installed, apps, events, reported, monitor } = bench;
    await running(A1);
    deploy('two', wanted);
    given(bench);
    monitor.requests.length = 0;
    const outcome = await check();
    t.like(outcome, { outcome: 'refused', deploymentId: 'two', installed: [] });
    t.deepEqual(
      outcome.refused.map((refusal) => ({ ...refusal, message: '' })),
      [{ ...idOf(wanted), code, message: '' }],
    );
    t.deepEqual(installed(), ids(A1));
    t.like(apps.get(A).status(), { state: 'running', restarts: 0, context: 1 });
    t.is(monitor.count('stop') + monitor.count('launch') + monitor.count('removeImage'), 0);
    t.like(
      events.filter(({ kind }) => kind === 'update'),
      [{ kind: 'update', app: 'A', ...idOf(wanted), outcome: code }],
    );
    t.deepEqual(reported, [{ category: 'AppUpdateRefused', ...idOf(wanted), detail: code }]);
  });
}

test('what does not fit its digest never reaches the monitor', async (t) => {
  const { deploy, check, session, monitor } = updateBench();
  deploy('one', A1);
  session.tampered.set(imageIdOf(A1), packageOf(B1));
  await check();
  t.is(monitor.count('stageBegin'), 0);
});

for (const { what, cutAt } of [
  { what: 'an image', cutAt: DEVICE_API.targets.path },
  { what: 'the timestamp', cutAt: 'timestamp.json' },
  { what: 'the targets', cutAt: 'targets.json' },
]) {
  test(`a service that goes away in the middle of ${what}: a coded error, the old app runs, the next look succeeds`, async (t) => {
    const { deploy, check, running, session, installed, apps, reported } = updateBench();
    await running(A1);
    deploy('two', A2);
    session.cutOffAt = cutAt;
    await t.throwsAsync(check(), { code: 'service-cut-off' });
    t.like(apps.get(A).status(), { state: 'running', restarts: 0 });
    t.deepEqual([installed(), reported], [ids(A1), []]);
    session.cutOffAt = undefined;
    t.is((await check()).outcome, 'installed');
    t.deepEqual(installed(), ids(A2));
  });
}

test('a service that answers 503 to an image is not the image’s fault', async (t) => {
  const { deploy, check, session, reported } = updateBench();
  deploy('one', A1);
  session.statuses.set(DEVICE_API.targets.path, 503);
  await t.throwsAsync(check(), { code: 'update-service-refused' });
  t.deepEqual(reported, []);
});

test('before the service told the time nothing is fresh or expired: no look', async (t) => {
  const { deploy, updates, session } = updateBench();
  deploy('one', A1);
  session.time = { ...session.time, isSet: false };
  await t.throwsAsync(updates.check(), { code: 'update-time-unknown' });
  t.deepEqual(session.paths, []);
});

test('metadata of another device is refused, and not kept', async (t) => {
  const { deploy, updates, repository, monitor } = updateBench();
  deploy('one', A1);
  repository.director = { deviceId: 'e'.repeat(128), catalogId: '', deploymentId: 'one' };
  repository.release();
  await t.throwsAsync(updates.check(), { code: 'update-wrong-device' });
  t.is(monitor.records.size, 0);
});

test('one refused image keeps no other from going in, and what the deployment does not have stays until all went in', async (t) => {
  const { deploy, check, running, session, installed, apps } = updateBench();
  await running(C1);
  deploy('one', A1, B1);
  session.tampered.set(imageIdOf(A1), packageOf(C1));
  t.like(await check(), { outcome: 'refused', installed: [idOf(B1)] });
  t.deepEqual(installed(), ids(B1, C1));
  session.tampered.clear();
  t.like(await check(), { outcome: 'installed', installed: [idOf(A1)], refused: [] });
  t.deepEqual(installed(), ids(A1, B1));
  t.deepEqual(
    apps
      .statuses()
      .map(({ name }) => name)
      .sort(),
    ['A', 'B'],
  );
});

test('what is removed is told and reported', async (t) => {
  const { deploy, check, running, events, reported } = updateBench();
  await running(A1);
  await running(C1);
  deploy('one', A1);
  t.is((await check()).outcome, 'up-to-date');
  t.like(
    events.filter(({ kind }) => kind === 'update'),
    [{ kind: 'update', app: 'C', ...idOf(C1), outcome: 'removed' }],
  );
  t.deepEqual(reported, [{ category: 'AppUpdate', ...idOf(C1), detail: 'removed' }]);
});

test('an empty deployment removes everything', async (t) => {
  const { deploy, check, running, installed } = updateBench();
  await running(A1);
  deploy('none');
  await check();
  t.deepEqual(installed(), []);
});

test('a developer’s build is replaced by the service’s image of the same content', async (t) => {
  const { deploy, check, running, monitor } = updateBench();
  await running(A1, 'development');
  deploy('one', A1);
  t.like(await check(), { outcome: 'installed', installed: [idOf(A1)] });
  t.is(monitor.images.get(A)?.record.trust, 'service');
});

const PIN_9 = { manifestPins: [9] };
const PIN_10 = { manifestPins: [10] };

test('an image that needs what another’s old version held goes in after that one, whatever the order', async (t) => {
  const { deploy, check, running, installed } = updateBench();
  await running({ ...A1, ...PIN_9 });
  deploy('two', { ...B1, ...PIN_9 }, { ...A2, ...PIN_10 });
  t.like(await check(), { outcome: 'installed', refused: [] });
  t.deepEqual(installed(), ids({ ...A2, ...PIN_10 }, { ...B1, ...PIN_9 }));
});

test('an image that is not in the deployment makes way for one that needs its pin', async (t) => {
  const { deploy, check, running, installed } = updateBench();
  await running({ ...C1, ...PIN_9 });
  deploy('two', { ...A1, ...PIN_9 });
  t.like(await check(), { outcome: 'installed', refused: [] });
  t.deepEqual(installed(), ids({ ...A1, ...PIN_9 }));
});

test('an image of the deployment makes way for nobody, nor does one whose going would not help', async (t) => {
  const { deploy, check, running, installed, apps } = updateBench();
  await running({ ...B1, ...PIN_9 });
  await running({ ...C1, ...PIN_10 });
  deploy('two', { ...A1, manifestPins: [9, 10] }, { ...B1, ...PIN_9 });
  t.like(await check(), { outcome: 'refused', installed: [], refused: [{ code: 'resource-in-use' }] });
  t.deepEqual(installed(), ids({ ...B1, ...PIN_9 }, { ...C1, ...PIN_10 }));
  t.is(apps.get(C).state, 'running');
});

test('an image that is not in the deployment makes way when the flash is full', async (t) => {
  const { deploy, check, running, installed, monitor } = updateBench();
  await running(B1);
  await running(C1);
  monitor.applicationsBytes = 2 * FLASH_BLOCK_BYTES;
  deploy('two', A1, B1);
  t.like(await check(), { outcome: 'installed', refused: [] });
  t.deepEqual(installed(), ids(A1, B1));
});

test('two versions, one after the other, need no more room than one image that goes', async (t) => {
  const { deploy, check, running, installed, monitor } = updateBench();
  await running(A1);
  await running(C1);
  monitor.applicationsBytes = 2 * FLASH_BLOCK_BYTES;
  deploy('two', A2, B1);
  t.like(await check(), { outcome: 'installed', refused: [] });
  t.deepEqual(installed(), ids(A2, B1));
});

test('on a full flash nothing goes when it would not make enough room', async (t) => {
  const { deploy, check, running, installed, monitor, apps } = updateBench();
  for (const version of [A1, B1, C1]) await running(version);
  monitor.applicationsBytes = 2 * FLASH_BLOCK_BYTES;
  // Without C there would be room for A and B, not for the new A beside both.
  deploy('two', A2, B1);
  t.like(await check(), { outcome: 'refused', installed: [], refused: [{ code: 'flash-full' }] });
  t.deepEqual(installed(), ids(A1, B1, C1));
  t.is(apps.get(C).state, 'running');
});

test('an image that cannot be trusted drives nothing off the flash', async (t) => {
  const { deploy, check, running, installed, monitor } = updateBench();
  await running(C1);
  monitor.applicationsBytes = FLASH_BLOCK_BYTES;
  monitor.distrusted.set(imageIdOf(A1), 'image-not-trusted');
  deploy('two', A1);
  t.like(await check(), { outcome: 'refused', refused: [{ code: 'image-not-trusted' }] });
  t.deepEqual(installed(), ids(C1));
});

test('what the director wants can be asked after a look, without the service', async (t) => {
  const { deploy, check, updates, session } = updateBench();
  t.deepEqual(await updates.targeted(), { deploymentId: null, images: [] });
  deploy('one', A1, B2);
  await check();
  session.paths.length = 0;
  t.deepEqual(await updates.targeted(), {
    deploymentId: 'one',
    images: [
      { ...idOf(A1), rollbackIndex: 1, sizeBytes: packageOf(A1).length },
      { ...idOf(B2), rollbackIndex: 2, sizeBytes: packageOf(B2).length },
    ],
  });
  t.deepEqual(session.paths, []);
});
