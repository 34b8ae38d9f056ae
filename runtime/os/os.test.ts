// The OS on the real monitor and chip: installing, running, denying, and every way a host can be wrong.

import test from 'ava';
import { APP_START_FRAME, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import type { AppStatus, DeviceDescription, FirewallDescription } from '../../contracts/wire/device-link.ts';
import { LINK_METHODS } from '../../contracts/wire/device-link.ts';
import type { LinkMethod } from '../../contracts/wire/device-link.ts';
import { COMPONENT } from '../../test/support/boot-bench.ts';
import { BenchHost, applicationPackage, osBench } from '../../test/support/os-bench.ts';
import { SECOND, settled } from '../../test/support/virtual-time.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { EVENTS_PER_RING } from './audit-trail.ts';
import { OS_VERSION } from './version.ts';

/** A device with the appDevelopment right, and a host at its cable. */
async function developmentBench() {
  const bench = await osBench();
  const host = new BenchHost(bench.serial);
  const applied = await host.request('capability.apply', { file: bench.capability() });
  if (typeof applied === 'string') throw new Error(applied);
  const build = (pins: readonly number[], more = {}) =>
    applicationPackage({ componentId: COMPONENT.app, manifestPins: pins, key: bench.keys.service, ...more });
  return { ...bench, host, build };
}

test('a device tells who it is', async (t) => {
  const bench = await osBench();
  const host = new BenchHost(bench.serial);
  const shown = (await host.request('device.show')) as DeviceDescription;
  t.like(shown, { deviceId: bench.deviceId, board: 'bench', osVersion: OS_VERSION, rights: [], capabilitySerial: '0' });
  t.deepEqual(shown.measurements.map(({ stage }) => stage).slice(0, 2), ['rom', 'engine']);
});

test('the version of the OS is the release’s', (t) => {
  t.is(OS_VERSION, packageJson.version);
});

test('an installed app is started at boot and drives the pin it was granted', async (t) => {
  const { keys } = await osBench();
  const image = applicationPackage({ componentId: COMPONENT.app, manifestPins: [9], key: keys.service });
  const { os, pipe, pins } = await osBench({ images: [image] });
  t.like(os.apps.get(COMPONENT.app).status(), { state: 'running', name: 'Blink', context: 1, memoryLimitBytes: 65536 });
  t.deepEqual(pipe(1).sent, [APP_START_FRAME]);
  const edges: string[] = [];
  pins.onChipDrive((pin, drive) => edges.push(`${pin} ${drive}`));
  pipe(1).feed(encodeAppRequest({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 }));
  await settled();
  t.deepEqual(edges, ['9 high']);
});

test('a package is staged, installed, started, listed and deleted over the cable', async (t) => {
  const { host, build, boot } = await developmentBench();
  const installed = await host.install(build([9]));
  t.like(installed, { image: { componentId: COMPONENT.app, name: 'Blink', version: '1.2.3', trust: 'service' } });
  t.is(boot.compartments.length, 1);
  t.like(await host.request('image.list'), { images: [{ name: 'Blink' }] });
  t.like(await host.request('app.status'), { apps: [{ state: 'running', context: 1 }] });
  const { rows } = (await host.request('firewall.show')) as FirewallDescription;
  t.like(
    rows.find(({ contexts }) => contexts.includes(1)),
    { master: 'a7Normal', access: 'rw-' },
  );
  const deleted = host.request('image.delete', { componentId: COMPONENT.app });
  await settled();
  boot.compartments[0]?.end({ exitCode: 0, signal: undefined, lastWords: '' });
  t.deepEqual(await deleted, {});
  t.deepEqual(await host.request('app.status'), { apps: [] });
});

test('a package whose grants are not its manifest’s is refused before anything changes', async (t) => {
  const { host, build, os } = await developmentBench();
  await host.install(build([9]));
  t.is(await host.install(build([9], { grantedPins: [9, 10], rollbackIndex: 2 })), 'grants-mismatch');
  t.like(os.apps.get(COMPONENT.app).status(), { state: 'running', restarts: 0 });
});

test('a package whose manifest is of another component is refused', async (t) => {
  const { host, build } = await developmentBench();
  t.is(await host.install(build([9], { manifestOf: COMPONENT.otherApp })), 'manifest-invalid');
  t.deepEqual(await host.request('image.list'), { images: [] });
});

test('an image with other grants than its manifest’s that got onto the flash is not launched at boot', async (t) => {
  const { keys } = await osBench();
  const image = applicationPackage({
    componentId: COMPONENT.app,
    manifestPins: [9],
    grantedPins: [9, 10],
    key: keys.service,
  });
  const { os, boot } = await osBench({ images: [image] });
  t.is(boot.compartments.length, 0);
  t.like(os.apps.get(COMPONENT.app).status(), {
    state: 'failed',
    lastEnd: { reason: 'refused', detail: 'grants-mismatch' },
  });
});

test('a refused update leaves the app that was there running, undisturbed', async (t) => {
  const { host, build, boot } = await developmentBench();
  await host.install(build([9], { rollbackIndex: 5 }));
  t.is(await host.install(build([9], { rollbackIndex: 4 })), 'image-rolled-back');
  t.is(boot.compartments.length, 1, 'never stopped');
  t.like(await host.request('app.status'), { apps: [{ state: 'running', restarts: 0 }] });
});

test('an update takes the place of the app that runs', async (t) => {
  const { host, build, boot, time } = await developmentBench();
  await host.install(build([9]));
  const update = host.install(build([9, 10], { rollbackIndex: 2 }));
  await settled();
  await time.advance(3n * SECOND);
  t.like(await update, { image: { rollbackIndex: 2 } });
  t.is(boot.compartments.length, 2);
  t.like(await host.request('app.status'), { apps: [{ state: 'running', restarts: 0 }] });
});

test('stop and start over the cable', async (t) => {
  const { host, build, time } = await developmentBench();
  await host.install(build([]));
  const stopping = host.request('app.stop', { componentId: COMPONENT.app });
  await settled();
  await time.advance(3n * SECOND);
  t.like(await stopping, { app: { state: 'stopped', lastEnd: { reason: 'killed' } } });
  const { app } = (await host.request('app.start', { componentId: COMPONENT.app })) as { app: AppStatus };
  t.is(app.state, 'running');
});

test('what happens is told to a subscriber and kept in the audit trail', async (t) => {
  const { host, build, pipe, boot } = await developmentBench();
  await host.request('events.subscribe');
  await host.install(build([9]));
  pipe(1).feed(encodeAppRequest({ function: 'gpio.open-input', pin: 10 }));
  await settled();
  pipe(1).feed(encodeAppRequest({ function: 'log.write', message: 'hello' }));
  await settled();
  boot.compartments[0]?.end({ exitCode: 3, signal: undefined, lastWords: '' });
  await settled();
  const told = host.events.map(({ kind }) => kind);
  t.deepEqual(told, ['started', 'denied', 'log', 'exit']);
  const denied = {
    app: 'Blink',
    interface: 'casemate:device/gpio',
    function: 'open-input',
    resource: 'gpio:10',
    error: 'access-denied',
    layer: 'broker',
  };
  t.like(host.events[1], denied);
  t.deepEqual(await host.request('audit.list'), { events: host.events, dropped: 0 });
});

test('of two apps with one name, each denial is told under its own component, and none pushes out the other’s', async (t) => {
  const { keys } = await osBench();
  const wishes = [COMPONENT.app, COMPONENT.otherApp].map((componentId) => ({
    componentId,
    name: 'Same',
    key: keys.service,
  }));
  const { os, pipe } = await osBench({ images: wishes.map(applicationPackage) });
  const deny = async (context: number, pin: number): Promise<void> => {
    pipe(context).feed(encodeAppRequest({ function: 'gpio.open-input', pin }));
    await settled();
  };
  await deny(1, 10);
  for (let call = 0; call < EVENTS_PER_RING + 5; call++) await deny(2, 11);
  const { events } = os.trail.list(() => 0, 0);
  const denied = events.flatMap((event) => (event.kind === 'denied' ? [`${event.componentId} ${event.resource}`] : []));
  t.is(denied[0], `${COMPONENT.app} gpio:10`);
  t.deepEqual([...new Set(denied.slice(1))], [`${COMPONENT.otherApp} gpio:11`]);
});

test('an access that the firewall refuses comes into the audit trail as a violation', async (t) => {
  const { os, boot } = await osBench();
  boot.packaged?.chip.bus.write('a7Normal', 5, 0x3801_0000, new Uint8Array(4));
  await settled();
  t.deepEqual(
    os.trail
      .list(() => 0, 1)
      .events.map((event) => (event.kind === 'violation' ? [event.context, event.region, event.access] : event.kind)),
    [[5, 'gpio', 'write']],
  );
});

test('an app’s end leaves no violation behind: the OS does not touch its pins in a context without rows', async (t) => {
  const { host, build, pipe, boot } = await developmentBench();
  await host.install(build([9]));
  pipe(1).feed(encodeAppRequest({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 }));
  await settled();
  boot.compartments[0]?.end({ exitCode: undefined, signal: 'SIGKILL', lastWords: '' });
  await settled();
  t.is(boot.packaged?.chip.firewall.violations().total, 0);
});

const NEEDS_RIGHT = (Object.keys(LINK_METHODS) as LinkMethod[]).filter((method) => LINK_METHODS[method] !== 'free');
test('every method that needs the appDevelopment right is refused without it, whatever its parameters', async (t) => {
  const host = new BenchHost((await osBench()).serial);
  t.true(NEEDS_RIGHT.length > 5);
  for (const method of NEEDS_RIGHT) t.is(await host.request(method, { nonsense: 1 }), 'right-missing', method);
});

test('the right is gone with the capability', async (t) => {
  const { host } = await developmentBench();
  t.deepEqual(await host.request('image.begin', { length: 10 }), {});
  t.deepEqual(await host.request('capability.remove'), {});
  t.is(await host.request('image.write', { offset: 0, bytes: new Uint8Array(10) }), 'right-missing');
});

test('an app that loses its trust with the capability is asked to end, and is no crash', async (t) => {
  const { host, build, boot, keys } = await developmentBench();
  await host.install(build([9], { key: keys.developer, role: 'publisher' }));
  const removed = host.request('capability.remove');
  await settled();
  boot.compartments[0]?.end({ exitCode: 0, signal: undefined, lastWords: '' });
  t.deepEqual(await removed, {});
  const lastEnd = { reason: 'exit', exitCode: 0, detail: '' };
  t.like(await host.request('app.status'), { apps: [{ state: 'stopped', lastEnd }] });
});

for (const { why, method, params, code } of [
  { why: 'a parameter that is not there', method: 'image.begin', params: {}, code: 'link-params-wrong' },
  { why: 'a parameter too many', method: 'image.list', params: { all: true }, code: 'link-params-wrong' },
  { why: 'a length that is none', method: 'image.begin', params: { length: -1 }, code: 'link-params-wrong' },
  {
    why: 'a name of Object.prototype',
    method: 'app.start',
    params: { componentId: COMPONENT.app, constructor: 1 },
    code: 'link-params-wrong',
  },
  { why: 'text for bytes', method: 'image.write', params: { offset: 0, bytes: 'x' }, code: 'link-params-wrong' },
  {
    why: 'a component id that is none',
    method: 'app.start',
    params: { componentId: '../x' },
    code: 'link-params-wrong',
  },
  {
    why: 'an app that is not there',
    method: 'app.start',
    params: { componentId: COMPONENT.otherApp },
    code: 'image-unknown',
  },
  {
    why: 'a part before the beginning',
    method: 'image.write',
    params: { offset: 0, bytes: new Uint8Array(1) },
    code: 'stage-not-begun',
  },
  { why: 'an install of nothing', method: 'image.install', params: { start: true }, code: 'stage-not-begun' },
  { why: 'more than the flash holds', method: 'image.begin', params: { length: 0xffff_ffff }, code: 'flash-full' },
  {
    why: 'a capability file of the wrong size',
    method: 'capability.apply',
    params: { file: new Uint8Array(3) },
    code: 'call-malformed',
  },
] as const) {
  test(`${method} with ${why} answers ${code}`, async (t) => {
    const { host } = await developmentBench();
    t.is(await host.request(method, params), code);
  });
}

test('parts come without gaps, and an install waits for the last one', async (t) => {
  const { host } = await developmentBench();
  await host.request('image.begin', { length: 10 });
  t.is(await host.request('image.write', { offset: 1, bytes: new Uint8Array(2) }), 'stage-out-of-order');
  t.is(await host.request('image.write', { offset: 0, bytes: new Uint8Array(11) }), 'stage-out-of-order');
  t.deepEqual(await host.request('image.write', { offset: 0, bytes: new Uint8Array(9) }), {});
  t.is(await host.request('image.install', { start: true }), 'image-incomplete');
});

test('restart resets the device after its answer', async (t) => {
  const { host, boot } = await developmentBench();
  t.deepEqual(await host.request('restart'), {});
  await settled();
  t.deepEqual(
    boot.resets.map(({ why }) => why),
    ['requested'],
  );
});
