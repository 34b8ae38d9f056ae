import test from 'ava';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { GPIO_REGISTER, gpioWindow } from '../../contracts/core/chip.ts';
import {
  APPLICATIONS,
  BootBench,
  COMPONENT,
  appImage,
  benchKeys,
  signedDigest,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service } = keys;
const { app: componentId, otherApp } = COMPONENT;

async function running(pins: readonly number[] = []): Promise<BootBench> {
  const bench = new BootBench(keys, stages);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  bench.install(appImage({ key: service, pins }));
  bench.call({ call: 'launch', componentId });
  return bench;
}

test('a new version comes beside the running one, which goes on; the next launch starts the new one', async (t) => {
  const bench = await running();
  const update = appImage({ key: service, rollbackIndex: 2 });
  t.like(bench.install(update), { rollbackIndex: 2, running: true });
  t.deepEqual(bench.ended(), [], 'nobody was stopped');
  t.like(bench.call({ call: 'listImages' }), { 0: { rollbackIndex: 2, running: true }, length: 1 });
  t.is(bench.call({ call: 'launch', componentId }), 'image-running', 'one process of a component');
  t.is(bench.call({ call: 'removeImage', componentId }), 'image-running');
  bench.call({ call: 'stop', context: 1 });
  t.like(bench.call({ call: 'launch', componentId }), { context: 1 });
  t.deepEqual(bench.compartments.at(-1)?.image, update);
  const log = bench.call({ call: 'measurements' });
  t.deepEqual(Array.isArray(log) && log.at(-1)?.digest, signedDigest(update), 'both versions are in the log');
});

test('what is read is the installed version, not the running one', async (t) => {
  const bench = await running();
  const update = appImage({ key: service, rollbackIndex: 2, code: 'another length' });
  bench.install(update);
  const read = bench.call({ call: 'readImage', componentId, section: 'package', offset: 0, length: 32768 });
  t.deepEqual(read, update);
});

test('the flash of a replaced version is used again while its process still runs', async (t) => {
  const bench = await running();
  const first = bench.flash.read(APPLICATIONS, 64);
  for (let rollbackIndex = 2; rollbackIndex < 6; rollbackIndex++)
    t.like(bench.install(appImage({ key: service, rollbackIndex })), { rollbackIndex });
  t.notDeepEqual(bench.flash.read(APPLICATIONS, 64), first);
  bench.call({ call: 'stop', context: 1 });
  t.like(bench.call({ call: 'launch', componentId }), { context: 1 });
  t.like(await bench.boot(), { ok: true });
  t.like(bench.call({ call: 'listImages' }), { 0: { rollbackIndex: 5 }, length: 1 });
});

test('an update of a running app is refused for all that an install is refused for', async (t) => {
  const bench = await running();
  bench.install(appImage({ key: service, rollbackIndex: 4 }));
  t.is(bench.install(appImage({ key: service, rollbackIndex: 3 })), 'image-rolled-back');
  t.is(bench.install(appImage({ key: keys.developer, role: 'publisher' })), 'image-not-trusted');
});

test('a pin that the running version holds and the new one gave up has no second driver until the old one ends', async (t) => {
  const bench = await running([9]);
  bench.install(appImage({ key: service, rollbackIndex: 2, pins: [] }));
  t.like(bench.install(appImage({ key: service, componentId: otherApp, pins: [9] })), { componentId: otherApp });
  t.is(bench.call({ call: 'launch', componentId: otherApp }), 'resource-in-use');
  const mode = gpioWindow(9) + GPIO_REGISTER.mode;
  const write = (context: number): unknown =>
    bench.packaged?.chip.bus.write('a7Normal', context, mode, Uint8Array.of(1, 0, 0, 0)).status;
  t.deepEqual([write(1), write(2)], ['ok', 'denied'], 'the old version has the pin, alone');
  bench.call({ call: 'stop', context: 1 });
  t.like(bench.call({ call: 'launch', componentId: otherApp }), { context: 1 });
});

test('a pin that only the new version has is not driven by the old process', async (t) => {
  const bench = await running([9]);
  bench.install(appImage({ key: service, rollbackIndex: 2, pins: [9, 10] }));
  const mode = gpioWindow(10) + GPIO_REGISTER.mode;
  t.is(bench.packaged?.chip.bus.write('a7Normal', 1, mode, Uint8Array.of(1, 0, 0, 0)).status, 'denied');
});

test('what the OS has staged before a reset is not installed after it', async (t) => {
  const bench = await running();
  const update = appImage({ key: service, rollbackIndex: 2 });
  bench.call({ call: 'stageBegin', length: update.length });
  bench.call({ call: 'stageWrite', offset: 0, bytes: concatBytes(update) });
  await bench.boot();
  t.is(bench.call({ call: 'stageInstall' }), 'stage-not-begun');
});
