// Installing by cable and over the air: what runs is never touched before the monitor has said yes.

import test from 'ava';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { AppVersion } from '../../test/support/update-bench.ts';
import { imageIdOf, packageOf, updateBench } from '../../test/support/update-bench.ts';

const A = '00000000-0000-4000-8000-00000000000a' as ComponentId;
const B = '00000000-0000-4000-8000-00000000000b' as ComponentId;
const A1: AppVersion = { componentId: A, rollbackIndex: 1 };
const A2: AppVersion = { componentId: A, rollbackIndex: 2 };
const B1: AppVersion = { componentId: B, rollbackIndex: 1 };

/** By cable, in two parts. */
async function sideload({ installer, through }: ReturnType<typeof updateBench>, image: Uint8Array, start = true) {
  await installer.begin(image.length);
  await installer.write(0, image.subarray(0, 100));
  await installer.write(100, image.subarray(100));
  return through(installer.install(start));
}

test('a sideloaded version takes the place of the one that runs', async (t) => {
  const bench = updateBench();
  await bench.running(A1);
  t.like(await sideload(bench, packageOf(A2)), { imageId: imageIdOf(A2) });
  t.like(bench.apps.get(A).status(), { state: 'running', restarts: 0 });
  t.is(bench.monitor.count('launch'), 2);
});

test('a version that is not to be started ends the one that it replaces', async (t) => {
  const bench = updateBench();
  await bench.running(A1);
  await sideload(bench, packageOf(A2), false);
  t.is(bench.apps.get(A).state, 'stopped');
});

test('a refused sideload does not stop the app that runs', async (t) => {
  const bench = updateBench();
  await bench.running(A2);
  await t.throwsAsync(sideload(bench, packageOf(A1)), { code: 'image-rolled-back' });
  t.like(bench.apps.get(A).status(), { state: 'running', restarts: 0, context: 1 });
  t.deepEqual([bench.monitor.count('launch'), bench.monitor.count('stop')], [1, 0]);
});

test('an app that the monitor does not remove runs again', async (t) => {
  const bench = updateBench();
  await bench.running(A1);
  const call = bench.monitor.call.bind(bench.monitor);
  bench.monitor.call = (request) =>
    call(request.call === 'removeImage' ? ({ ...request, call: 'attest' } as never) : request);
  await t.throwsAsync(bench.through(bench.installer.remove(A)), { code: 'call-unknown' });
  t.is(bench.apps.get(A).state, 'running');
});

test('an update between the parts of a sideload ends the sideload; the two never mix', async (t) => {
  const { installer, through, installed } = updateBench();
  const image = packageOf(A1);
  await installer.begin(image.length);
  await installer.write(0, image.subarray(0, 100));
  await through(installer.installPackage(packageOf(B1)));
  await t.throwsAsync(installer.write(100, image.subarray(100)), { code: 'stage-not-begun' });
  t.deepEqual(installed(), [imageIdOf(B1)]);
});

for (const [what, code, act] of [
  ['a part before the beginning', 'stage-not-begun', (installer) => installer.write(0, new Uint8Array(1))],
  ['an end before the beginning', 'stage-not-begun', (installer) => installer.install(true)],
  [
    'an end before the last part',
    'image-incomplete',
    async (installer) => {
      await installer.begin(4);
      await installer.write(0, new Uint8Array(3));
      await installer.install(true);
    },
  ],
  [
    'a gap between two parts',
    'stage-out-of-order',
    async (installer) => {
      await installer.begin(4);
      await installer.write(1, new Uint8Array(3));
    },
  ],
  [
    'more than was announced',
    'stage-out-of-order',
    async (installer) => {
      await installer.begin(4);
      await installer.write(0, new Uint8Array(5));
    },
  ],
] satisfies readonly (readonly [
  string,
  string,
  (installer: ReturnType<typeof updateBench>['installer']) => Promise<unknown>,
])[]) {
  test(`${what} is refused as ${code}`, async (t) => {
    await t.throwsAsync(act(updateBench().installer), { code });
  });
}
