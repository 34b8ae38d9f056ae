import test from 'ava';
import fc from 'fast-check';
import { gpioWindow, GPIO_REGISTER } from '../../contracts/core/chip.ts';
import type { Drive } from '../../contracts/core/pin-frame.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import {
  APPLICATIONS,
  BenchKey,
  BootBench,
  COMPONENT,
  RUNNER,
  appImage,
  benchKeys,
  capabilityFile,
  signedDigest,
  signedStages,
  stageParts,
} from '../../test/support/boot-bench.ts';
import { decodeSecureReply } from './abi/codec.ts';
import type { SecureCallError } from './abi/secure-call.ts';
import { SECURE_CALL } from './abi/secure-call.ts';

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

test('describe says which device this is', async (t) => {
  const bench = await booted();
  t.deepEqual(bench.call({ call: 'describe' }), {
    deviceId: bench.deviceId,
    lifecycle: 'Blank',
    contexts: 8,
    applicationsBytes: 1024 * 1024,
    memoryLimitBytes: 256 * 1024,
    board: 'bench',
  });
});

test('the compartment is started with exactly the bytes that were installed, and the runner of the OS image', async (t) => {
  const bench = await booted();
  const image = appImage({ key: service, pins: [9], memoryBytes: 131072 });
  t.like(bench.install(image), { componentId: COMPONENT.app, trust: 'service', packageBytes: image.length });
  t.deepEqual(bench.call({ call: 'launch', componentId: COMPONENT.app }), {
    context: 1,
    memoryBytes: 131072,
    placement: 'process',
  });
  const [started] = bench.compartments;
  t.deepEqual(started?.image, image);
  t.deepEqual(started?.program.code, RUNNER);
  t.deepEqual(started?.limits, { memoryPages: 2 });
  const log = bench.call({ call: 'measurements' });
  t.true(
    Array.isArray(log) && log.at(-1)?.stage === 'app' && sameBytes(log.at(-1)?.digest ?? image, signedDigest(image)),
  );
});

test('an installed image is there after a reset, and its parts can be read', async (t) => {
  const bench = await booted();
  const image = appImage({ key: service });
  bench.install(image);
  await bench.boot();
  t.like(bench.call({ call: 'listImages' }), { 0: { componentId: COMPONENT.app, running: false }, length: 1 });
  const read = (section: 'metadata' | 'package', offset: number, length: number) =>
    bench.call({ call: 'readImage', componentId: COMPONENT.app, section, offset, length });
  t.deepEqual(read('metadata', 1, 100), new TextEncoder().encode('eta'));
  t.deepEqual(read('package', 0, 32768), image);
  t.deepEqual(read('package', image.length, 10), new Uint8Array(0));
  t.is(
    bench.call({ call: 'readImage', componentId: COMPONENT.otherApp, section: 'package', offset: 0, length: 1 }),
    'image-unknown',
  );
});

test('stageInstall refuses what may not run here, each with its code', async (t) => {
  const bench = await booted();
  const stranger = new BenchKey();
  const broken = appImage({ key: service });
  broken[broken.length - 120] = (broken[broken.length - 120] ?? 0) ^ 1;
  const rows: readonly [Uint8Array, SecureCallError, string][] = [
    [new Uint8Array(10), 'image-invalid', 'no package'],
    [new Uint8Array(0), 'image-invalid', 'nothing'],
    [broken, 'image-invalid', 'a section that its digest does not fit'],
    [stages.os, 'image-kind-not-installable', 'a platform image, however well signed'],
    [appImage({ key: stranger }), 'image-not-trusted', 'a service key that the keystore does not have'],
    [appImage({ key: keys.platform }), 'image-not-trusted', 'a key of the keystore with another role'],
    [appImage({ key: service, role: 'publisher' }), 'image-not-trusted', "the service's key in the publisher's slot"],
    [
      appImage({ key: developer, role: 'publisher' }),
      'image-not-trusted',
      'a development image without the capability',
    ],
    [appImage({ key: service, memoryBytes: 256 * 1024 + 1 }), 'memory-over-limit', 'one byte too much memory'],
    [appImage({ key: service, pins: [81] }), 'image-invalid', 'a pin that the chip does not have'],
  ];
  for (const [image, code, why] of rows) t.is(bench.install(image), code, why);
  t.deepEqual(bench.call({ call: 'listImages' }), []);
});

test('staging takes parts in order and installs nothing that is not whole', async (t) => {
  const bench = await booted();
  const image = appImage({ key: service });
  t.is(bench.call({ call: 'stageInstall' }), 'stage-not-begun');
  t.is(bench.call({ call: 'stageWrite', offset: 0, bytes: image }), 'stage-not-begun');
  t.is(bench.call({ call: 'stageBegin', length: FLASH_PART.applications.size + 1 }), 'flash-full');
  bench.call({ call: 'stageBegin', length: image.length });
  t.is(bench.call({ call: 'stageWrite', offset: 1, bytes: image.subarray(1) }), 'call-malformed', 'a gap');
  t.is(
    bench.call({ call: 'stageWrite', offset: 0, bytes: new Uint8Array(image.length + 1) }),
    'call-malformed',
    'beyond the length',
  );
  bench.call({ call: 'stageWrite', offset: 0, bytes: image.subarray(0, 100) });
  t.is(bench.call({ call: 'stageWrite', offset: 0, bytes: image.subarray(0, 100) }), 'call-malformed', 'twice');
  t.is(bench.call({ call: 'stageInstall' }), 'call-malformed', 'parts are missing');
  bench.call({ call: 'stageWrite', offset: 100, bytes: image.subarray(100) });
  t.like(bench.call({ call: 'stageInstall' }), { componentId: COMPONENT.app });
  t.is(bench.call({ call: 'stageInstall' }), 'stage-not-begun', 'once');
});

test('a pin is held by one installed image', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service, pins: [8, 9] }));
  const second = appImage({ key: service, componentId: COMPONENT.otherApp, pins: [9, 10] });
  t.is(bench.install(second), 'resource-in-use');
  t.like(
    bench.install(appImage({ key: service, pins: [8], rollbackIndex: 2 })),
    { rollbackIndex: 2 },
    'its own pins are no conflict',
  );
  t.like(bench.install(second), { componentId: COMPONENT.otherApp });
});

test('a version that the service signed closes the way back, also over a removal and a reset', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service, rollbackIndex: 5 }));
  t.is(bench.install(appImage({ key: service, rollbackIndex: 4 })), 'image-rolled-back');
  bench.call({ call: 'removeImage', componentId: COMPONENT.app });
  await bench.boot();
  t.is(bench.install(appImage({ key: service, rollbackIndex: 4 })), 'image-rolled-back');
  bench.call({ call: 'applyCapability', file: capability(bench, 1n) });
  t.is(
    bench.install(appImage({ key: developer, role: 'publisher', rollbackIndex: 4 })),
    'image-rolled-back',
    'a developer neither',
  );
  t.like(bench.install(appImage({ key: developer, role: 'publisher', rollbackIndex: 9 })), { trust: 'development' });
  t.like(
    bench.install(appImage({ key: developer, role: 'publisher', rollbackIndex: 5 })),
    { trust: 'development' },
    'no floor of its own',
  );
});

test('images share the flash until it is full, and removing one makes room', async (t) => {
  const bench = await booted();
  const big = (componentId: typeof COMPONENT.app, kib: number) =>
    appImage({ key: service, componentId, code: 'x'.repeat(kib * 1024), rollbackIndex: 1 });
  t.like(bench.install(big(COMPONENT.app, 600)), { componentId: COMPONENT.app });
  t.is(bench.install(big(COMPONENT.otherApp, 600)), 'flash-full');
  // An update needs its place beside the version it replaces, or a power cut could leave neither.
  t.is(bench.install(big(COMPONENT.app, 599)), 'flash-full');
  bench.call({ call: 'removeImage', componentId: COMPONENT.app });
  t.like(bench.install(big(COMPONENT.otherApp, 600)), { componentId: COMPONENT.otherApp });
});

test('a running app is neither launched twice nor removed', async (t) => {
  const bench = await booted();
  const { app: componentId } = COMPONENT;
  bench.install(appImage({ key: service }));
  bench.call({ call: 'launch', componentId });
  t.is(bench.call({ call: 'launch', componentId }), 'image-running');
  t.is(bench.call({ call: 'removeImage', componentId }), 'image-running');
  bench.call({ call: 'stop', context: 1 });
  t.deepEqual(bench.ended(), [{ context: 1, how: { kind: 'signal', signal: 9 }, lastWords: '' }]);
  t.is(bench.call({ call: 'stop', context: 1 }), 'context-not-running');
  t.is(bench.call({ call: 'removeImage', componentId }), undefined);
  t.is(bench.call({ call: 'launch', componentId }), 'image-unknown');
});

test('how an app ended is told with its exit code and its last words', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  bench.call({ call: 'launch', componentId: COMPONENT.app });
  bench.compartments[0]?.end({ exitCode: 254, signal: undefined, lastWords: 'casemate trap unreachable' });
  t.deepEqual(bench.ended(), [
    { context: 1, how: { kind: 'exited', exitCode: 254 }, lastWords: 'casemate trap unreachable' },
  ]);
});

test('launch reads the flash anew: bytes that were changed since do not run', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  bench.flipBit(APPLICATIONS + 300);
  t.is(bench.call({ call: 'launch', componentId: COMPONENT.app }), 'image-invalid');
  t.deepEqual(bench.compartments, []);
});

test('another well signed image in the place of the installed one does not run', async (t) => {
  const bench = await booted();
  const { app: componentId } = COMPONENT;
  // Same length, older: what an attacker kept from an earlier update.
  const old = appImage({ key: service, rollbackIndex: 1, code: 'old' });
  bench.install(old);
  bench.install(appImage({ key: service, rollbackIndex: 1, code: 'new' }));
  const { flash } = bench;
  const offset = APPLICATIONS + 4096;
  flash.eraseBlock(offset);
  flash.program(offset, old);
  t.is(bench.call({ call: 'launch', componentId }), 'image-invalid');
});

test('a failed launch leaves no firewall row, and its context is free again', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service, pins: [9] }));
  const rows = bench.packaged?.chip.firewall.rows();
  bench.refuseToLaunch = true;
  t.is(bench.call({ call: 'launch', componentId: COMPONENT.app }), 'launch-failed');
  t.deepEqual(bench.packaged?.chip.firewall.rows(), rows);
  bench.refuseToLaunch = false;
  t.like(bench.call({ call: 'launch', componentId: COMPONENT.app }), { context: 1 });
});

test('an app reaches the pins of its grants, in its own context, while it runs', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service, pins: [9] }));
  bench.install(appImage({ key: service, componentId: COMPONENT.otherApp, pins: [10] }));
  bench.call({ call: 'launch', componentId: COMPONENT.app });
  bench.call({ call: 'launch', componentId: COMPONENT.otherApp });
  const drives: (readonly [number, Drive])[] = [];
  bench.packaged?.pins.onChipDrive((pin, drive) => drives.push([pin, drive]));
  const write = (context: number, pin: number) =>
    bench.packaged?.chip.bus.write('a7Normal', context, gpioWindow(pin) + GPIO_REGISTER.mode, Uint8Array.of(2, 0, 0, 0))
      .status;
  t.is(write(1, 9), 'ok');
  t.is(write(2, 9), 'denied', "another app's pin");
  t.is(write(1, 10), 'denied');
  t.is(write(0, 9), 'denied', 'the OS itself has no pin');
  t.deepEqual(drives, [[9, 'low']]);
  bench.call({ call: 'stop', context: 1 });
  t.is(write(1, 9), 'denied', 'after its end');
  t.deepEqual(drives.at(-1), [9, 'released'], 'what it drove floats');
  t.is(write(2, 10), 'ok', "the other's rows stay");
  const seen = bench.call({ call: 'violations', first: 2 });
  t.like(seen, {
    total: 4,
    records: { 0: { context: 0, region: 'gpio' }, 1: { context: 1, master: 'a7Normal', access: 'write' }, length: 2 },
  });
});

test('seven apps run; the eighth has no context', async (t) => {
  const bench = await booted();
  const id = (n: number) => `00000000-0000-4000-8000-0000000000c${n}` as typeof COMPONENT.app;
  for (let n = 0; n < 8; n++) bench.install(appImage({ key: service, componentId: id(n) }));
  for (let n = 0; n < 7; n++) t.like(bench.call({ call: 'launch', componentId: id(n) }), { context: n + 1 });
  t.is(bench.call({ call: 'launch', componentId: id(7) }), 'no-free-context');
  bench.call({ call: 'stop', context: 3 });
  t.like(bench.call({ call: 'launch', componentId: id(7) }), { context: 3 });
});

test('a device capability counts on its device, once, and when its service signed it', async (t) => {
  const bench = await booted();
  const other = await booted();
  const apply = (file: Uint8Array) => bench.call({ call: 'applyCapability', file });
  t.is(apply(new Uint8Array(256)), 'capability-not-trusted', 'no file at all');
  const strangers = capabilityFile(
    { serial: 1n, rights: ['rfTest'], deviceId: bench.deviceId, developmentKey: undefined },
    service,
  );
  t.is(apply(strangers), 'capability-not-trusted', 'signed with a key of another role');
  const changed = capability(bench, 1n, ['rfTest']);
  changed[16] = 2;
  t.is(apply(changed), 'capability-not-trusted', 'another right than the signed one');
  t.is(apply(capability(other, 1n)), 'capability-wrong-device');
  t.is(apply(capability(bench, 3n)), undefined);
  t.deepEqual(bench.call({ call: 'capability' }), { rights: ['appDevelopment'], serial: 3n });
  t.is(apply(capability(bench, 3n)), 'capability-replayed', 'the same file again');
  t.is(apply(capability(bench, 2n)), 'capability-replayed', 'an older one');
  t.is(bench.call({ call: 'removeCapability' }), undefined);
  t.is(bench.call({ call: 'capability' }), undefined);
  t.is(apply(capability(bench, 3n)), 'capability-replayed', 'a right that was taken back does not return');
  await bench.boot();
  t.is(apply(capability(bench, 3n)), 'capability-replayed', 'not after a reset either');
  t.is(apply(capability(bench, 4n, ['fieldServicing'])), undefined);
});

test('a development image runs while the capability that names its key is in force, and no longer', async (t) => {
  const bench = await booted();
  const { app: componentId } = COMPONENT;
  bench.call({ call: 'applyCapability', file: capability(bench, 1n) });
  t.is(
    bench.install(appImage({ key: new BenchKey(), role: 'publisher' })),
    'image-not-trusted',
    "another developer's key",
  );
  t.like(bench.install(appImage({ key: developer, role: 'publisher' })), { trust: 'development' });
  bench.install(appImage({ key: service, componentId: COMPONENT.otherApp }));
  bench.call({ call: 'launch', componentId });
  bench.call({ call: 'launch', componentId: COMPONENT.otherApp });
  bench.call({ call: 'removeCapability' });
  t.deepEqual(
    bench.ended().map(({ context }) => context),
    [1],
    'it ends; what the service signed goes on',
  );
  t.is(bench.call({ call: 'launch', componentId }), 'image-not-trusted');
  bench.call({ call: 'applyCapability', file: capability(bench, 2n, ['fieldServicing']) });
  t.is(bench.call({ call: 'launch', componentId }), 'image-not-trusted', 'another right is not this one');
  bench.call({ call: 'applyCapability', file: capability(bench, 3n) });
  t.like(bench.call({ call: 'launch', componentId }), { context: 1 });
});

test('the same bytes launched again leave one line in the measurement log', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  const lines = (): number => (bench.call({ call: 'measurements' }) as readonly unknown[]).length;
  const before = lines();
  for (let round = 0; round < 3; round++) {
    bench.call({ call: 'launch', componentId: COMPONENT.app });
    bench.call({ call: 'stop', context: 1 });
  }
  t.is(lines(), before + 1);
});

test('the firewall as the OS is told shows the locked rows of OS and secure world', async (t) => {
  const bench = await booted();
  const facts = bench.call({ call: 'firewall' });
  t.true(typeof facts === 'object' && facts.rows.every(({ locked }) => locked));
  if (typeof facts === 'object') {
    t.deepEqual(
      facts.rows.map(({ name }) => name),
      ['reset: a7Secure', 'reset: pluton', 'os: service UART', 'os: clock'],
    );
  }
});

test('a reset is asked for and not answered with an error', async (t) => {
  const bench = await booted();
  t.is(bench.call({ call: 'reset' }), undefined);
  t.deepEqual(bench.resets, [{ why: 'requested', detail: '' }]);
});

test('a hostile OS gets an answer to every frame, and the monitor stays up', async (t) => {
  const bench = await booted();
  bench.install(appImage({ key: service }));
  // After a reset nothing is answered: stage.test.ts.
  const number = fc.nat(31).filter((any) => any !== SECURE_CALL.reset);
  const call = fc.tuple(number, fc.uint8Array({ maxLength: 60 }));
  const answered = fc.property(call, ([number, bytes]) => {
    const before = bench.secureCalls.sent.length;
    const frame = Uint8Array.of(8 + bytes.length, 0, 0, 0, 7, 0, 0, 0, 1, 0, number, 0, ...bytes);
    bench.secureCalls.feed(frame);
    const replies = bench.secureCalls.sent.slice(before).map((sent) => decodeSecureReply(sent.subarray(4)));
    return replies.filter(({ kind }) => kind === 'reply').length === 1;
  });
  t.notThrows(() => fc.assert(answered, { numRuns: 500 }));
  t.is(bench.call({ call: 'stop', context: 200 }), 'context-not-running');
  t.is(Object.keys(SECURE_CALL).length, 29, 'the numbers above reach beyond every call');
});
