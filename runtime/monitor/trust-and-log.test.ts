import test from 'ava';
import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import {
  APPLICATIONS,
  BUILD_TIME,
  BenchKey,
  BootBench,
  COMPONENT,
  RUNNER,
  appImage,
  benchKeys,
  benchKeystore,
  capabilityFile,
  signedDigest,
  signedStages,
  stageParts,
  withJunkSignature,
} from '../../test/support/boot-bench.ts';
import { MEASUREMENT_LOG_MAX_LINES } from '../../contracts/core/limits.ts';
import { Monitor } from './monitor.ts';
import { openSealedState } from './sealed-state.ts';

const keys = benchKeys();
const stages = signedStages(stageParts(keys), keys.platform);
const { service, developer } = keys;

async function booted(): Promise<BootBench> {
  const bench = new BootBench(keys, stages);
  const outcome = await bench.boot();
  if (!outcome.ok) throw new Error(outcome.code);
  bench.claim();
  return bench;
}

function capability(bench: BootBench, serial: bigint, rights: readonly DeviceRight[] = ['appDevelopment']): Uint8Array {
  const developmentKey = rights.includes('appDevelopment') ? developer.publicKey : undefined;
  return capabilityFile({ serial, rights, deviceId: bench.deviceId, developmentKey }, keys.capability);
}

for (const [what, lesser] of [
  ['without appDevelopment', (bench: BootBench) => capability(bench, 2n, ['fieldServicing'])],
  [
    "for another developer's key",
    (bench: BootBench) =>
      capabilityFile(
        { serial: 2n, rights: ['appDevelopment'], deviceId: bench.deviceId, developmentKey: new BenchKey().publicKey },
        keys.capability,
      ),
  ],
] as const) {
  test(`a capability ${what} in place of the one in force ends development images, running or not`, async (t) => {
    const bench = await booted();
    const { app: componentId } = COMPONENT;
    bench.call({ call: 'applyCapability', file: capability(bench, 1n) });
    bench.install(appImage({ key: developer, role: 'publisher' }));
    bench.install(appImage({ key: service, componentId: COMPONENT.otherApp }));
    bench.call({ call: 'launch', componentId });
    bench.call({ call: 'launch', componentId: COMPONENT.otherApp });
    t.is(bench.call({ call: 'applyCapability', file: lesser(bench) }), undefined);
    t.deepEqual(
      bench.ended().map(({ context }) => context),
      [1],
      'what the service signed goes on',
    );
    t.is(bench.call({ call: 'launch', componentId }), 'image-not-trusted');
  });
}

test('a revoked key of the keystore signs neither images nor capabilities', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  bench.call({ call: 'applyCapability', file: capability(bench, 1n) });
  bench.bank.programmer.revokePlatformKey(service.keyId);
  t.is(bench.install(appImage({ key: service, rollbackIndex: 2 })), 'image-not-trusted');
  t.is(bench.call({ call: 'launch', componentId: COMPONENT.app }), 'image-not-trusted', 'nor what it signed before');
  t.like(bench.call({ call: 'capability' }), { serial: 1n }, 'another key goes on');
  bench.bank.programmer.revokePlatformKey(keys.capability.keyId);
  t.is(bench.call({ call: 'capability' }), undefined);
  t.is(bench.call({ call: 'applyCapability', file: capability(bench, 2n) }), 'capability-not-trusted');
});

test('an image that the flash did not keep is not installed, and the version before it stays', async (t) => {
  let isFaulty = false;
  const bench = new BootBench(keys, stages, (medium) => ({
    sizeBytes: medium.sizeBytes,
    read: (offset, length) => medium.read(offset, length),
    write(offset, bytes) {
      // One cell that takes no charge.
      const stuck = isFaulty && offset >= APPLICATIONS && offset < APPLICATIONS + FLASH_PART.applications.size;
      medium.write(offset, stuck ? bytes.map((byte, index) => (index === 300 ? 0 : byte)) : bytes);
    },
  }));
  await bench.boot();
  bench.claim();
  const { app: componentId } = COMPONENT;
  bench.install(appImage({ key: service }));
  isFaulty = true;
  t.is(bench.install(appImage({ key: service, rollbackIndex: 2 })), 'internal');
  t.like(bench.call({ call: 'listImages' }), { 0: { rollbackIndex: 1 }, length: 1 });
  t.like(bench.call({ call: 'launch', componentId }), { context: 1 });
});

test('with a full measurement log nothing new is launched, and what is in it still is', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  bench.install(appImage({ key: service, componentId: COMPONENT.otherApp }));
  const { machine } = bench;
  if (machine === undefined) return t.fail('not booted');
  const line = {
    stage: 'app',
    digest: new Uint8Array(32),
    rollbackIndex: 0,
    name: 'earlier',
    signerId: undefined,
  } as const;
  const log = Array.from({ length: MEASUREMENT_LOG_MAX_LINES - 1 }, () => line);
  const monitor = new Monitor({
    machine,
    keys: benchKeystore(keys),
    state: openSealedState(machine.chip),
    log,
    runners: { single: RUNNER, group: undefined },
    keystoreFiles: new Map(),
    buildTime: BUILD_TIME,
  });
  const launch = (componentId: (typeof COMPONENT)['app']): unknown => {
    const { context } = monitor.launch(componentId);
    monitor.stop(context);
    return context;
  };
  t.is(launch(COMPONENT.app), 1);
  t.like(
    t.throws(() => launch(COMPONENT.otherApp)),
    { code: 'launch-failed' },
  );
  t.is(launch(COMPONENT.app), 1);
  t.is(monitor.measurements().length, MEASUREMENT_LOG_MAX_LINES);
});

test('another signature slot beside the good one does not change what an app is measured as', async (t) => {
  const bench = await booted();
  const image = appImage({ key: service });
  bench.install(withJunkSignature(image));
  bench.call({ call: 'launch', componentId: COMPONENT.app });
  const log = bench.call({ call: 'measurements' });
  t.deepEqual(Array.isArray(log) && log.at(-1)?.digest, signedDigest(image));
});
