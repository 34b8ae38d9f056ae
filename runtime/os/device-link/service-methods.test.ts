// The service over the cable, on the real monitor: what needs no right, and cannot be abused for it.

import test from 'ava';
import { decodeFailureReport } from '../../../contracts/wire/failure-report.ts';
import type { ServiceStatus } from '../../../contracts/wire/device-link.ts';
import { decodeEvidence } from '../../../contracts/wire/evidence.ts';
import { CATALOG, COMPONENT, claimStatement } from '../../../test/support/boot-bench.ts';
import { SERVICE, refusedAs } from '../../../test/support/fake-service.ts';
import { BenchHost, applicationPackage, osBench } from '../../../test/support/os-bench.ts';
import { SECOND, settled } from '../../../test/support/virtual-time.ts';
import { LONG_REQUESTS_MAX } from './link-service.ts';

const NONCE = new Uint8Array(48).fill(7);

async function bench(options = {}) {
  const all = await osBench(options);
  const { deviceId, keys, service } = all;
  service.claim = claimStatement({ epoch: 1, deviceId, catalogId: CATALOG, publisherKeyId: undefined }, keys.claim);
  return { ...all, host: new BenchHost(all.serial) };
}

/** As `bench`, and the device has attested. */
async function attested(options = {}) {
  const all = await bench(options);
  await all.host.request('service.configure', { ...SERVICE });
  await settled();
  return all;
}

test('a device that is told where its service is attests there, and says how it stands', async (t) => {
  const { host } = await bench();
  t.like(await host.request('service.status'), { state: 'unconfigured', service: null, trustedTime: null });
  await host.request('events.subscribe');
  t.deepEqual(await host.request('service.configure', { ...SERVICE }), {});
  const status = (await host.request('service.attest')) as ServiceStatus;
  t.like(status, { state: 'attested', service: SERVICE, catalogId: CATALOG, lastError: null });
  t.is(status.trustedTime, '2027-01-15T08:00:00.000Z');
  t.deepEqual(
    status.certificates.map(({ purpose }) => purpose),
    ['update', 'customer'],
  );
  const told = host.events.filter(({ kind }) => kind === 'service');
  t.like(told, [{ state: 'waiting', code: '' }, { state: 'attested' }]);
});

test('an attestation that fails is a status, with the claim that was not accepted', async (t) => {
  const { host, service } = await attested();
  service.instead.set('attest', () => refusedAs('evidence-refused', { claim: 'os' }));
  t.like(await host.request('service.attest'), {
    state: 'refused',
    lastError: { code: 'evidence-refused', claim: 'os' },
  });
});

test('evidence is collected with any nonce of a service’s size, and never with a key', async (t) => {
  const { host } = await bench();
  for (const length of [32, 48, 64]) {
    const nonce = NONCE.slice(0, 32);
    const collected = await host.request('evidence.collect', { nonce: length === 48 ? NONCE : nonce });
    const { claims } = decodeEvidence((collected as { evidence: Uint8Array }).evidence);
    t.is(claims.certificateKey, undefined);
    t.is(claims.customerKey, undefined);
    t.deepEqual(claims.nonce, length === 48 ? NONCE : nonce);
  }
});

test('evidence is collected a few times at once and then once a second; the count of boots stays', async (t) => {
  const { host, time } = await bench();
  const collect = () => host.request('evidence.collect', { nonce: NONCE });
  const counts: number[] = [];
  for (let time = 0; time < 8; time++) {
    const { evidence } = (await collect()) as { evidence: Uint8Array };
    counts.push(decodeEvidence(evidence).claims.bootCount);
  }
  t.is(new Set(counts).size, 1);
  t.is(await collect(), 'link-busy');
  await time.advance(SECOND);
  t.is(typeof (await collect()), 'object');
  t.is(await collect(), 'link-busy');
});

test('the address changes a few times at once and then once in five minutes: each change wears the flash', async (t) => {
  const { host, time } = await bench();
  const configure = (port: number) => host.request('service.configure', { host: 'service.example', port });
  for (let port = 1; port <= 5; port++) t.deepEqual(await configure(port), {});
  t.is(await configure(6), 'link-busy');
  t.like(await host.request('service.status'), { service: { port: 5 } });
  await time.advance(300n * SECOND);
  t.deepEqual(await configure(7), {});
});

for (const [what, method, params] of [
  ['a nonce of 31 bytes', 'evidence.collect', { nonce: new Uint8Array(31) }],
  ['a nonce that is text', 'evidence.collect', { nonce: 'x'.repeat(32) }],
  ['no nonce', 'evidence.collect', {}],
  ['a wish for keys', 'evidence.collect', { nonce: NONCE, keys: true }],
  ['a host with a path', 'service.configure', { host: 'service.example/x', port: 443 }],
  ['a host that is a list', 'service.configure', { host: ['a'], port: 443 }],
  ['port 0', 'service.configure', { host: 'service.example', port: 0 }],
  ['a port that is text', 'service.configure', { host: 'service.example', port: '443' }],
  ['a root of its own', 'service.configure', { host: 'service.example', port: 443, root: new Uint8Array(9) }],
  ['parameters where there are none', 'service.attest', { now: true }],
] as const) {
  test(`${method} refuses ${what}`, async (t) => {
    const { host } = await bench();
    t.is(await host.request(method, params), 'link-params-wrong');
    t.like(await host.request('service.status'), { service: null });
  });
}

test('without a service nothing can be attested or looked for', async (t) => {
  const { host } = await bench();
  t.like(await host.request('service.attest'), { state: 'unconfigured' });
  t.is(typeof (await host.request('update.check')), 'string');
});

test('a service that does not answer keeps no request waiting but those for it', async (t) => {
  const { host, service } = await attested();
  let release = (): void => undefined;
  service.instead.set('nonce', async (noted) => {
    await new Promise<void>((resolve) => (release = resolve));
    return service.honest(noted);
  });
  const slow = Array.from({ length: LONG_REQUESTS_MAX + 1 }, () => host.request('service.attest'));
  t.deepEqual(await host.request('app.status'), { apps: [] });
  t.deepEqual(
    host.replies.filter((reply) => !reply.ok).map((reply) => !reply.ok && reply.error.code),
    ['link-busy'],
  );
  release();
  const answers = await Promise.all(slow);
  t.is(answers.filter((answer) => (answer as ServiceStatus).state === 'attested').length, LONG_REQUESTS_MAX);
  t.is(service.count('attest'), 2, 'all of them waited for one attempt');
});

test('an answer that comes late does not reach the next host at the cable', async (t) => {
  const { host, service, serial } = await attested();
  let release = (): void => undefined;
  service.instead.set('nonce', async (noted) => {
    await new Promise<void>((resolve) => (release = resolve));
    return service.honest(noted);
  });
  const slow = host.request('service.attest');
  await settled();
  const next = new BenchHost(serial);
  await next.request('app.status');
  release();
  await settled();
  t.is(next.replies.length, 1);
  t.is(await slow, 'no answer');
});

test('an app that crashes is reported to the service, with its image', async (t) => {
  const { keys } = await osBench();
  const image = applicationPackage({ componentId: COMPONENT.app, key: keys.service });
  const { boot, service, time } = await attested({ images: [image] });
  await time.advance(50n * SECOND);
  boot.compartments[0]?.end({ exitCode: 3, signal: undefined, lastWords: '' });
  await time.advance(4n * SECOND);
  const [event] = service.events.values();
  t.like(event, { category: 'AppExit', componentId: COMPONENT.app, detail: 'exit code 3', count: 1 });
  t.regex(event?.imageId ?? '', /^[0-9a-f]{8}-/);
});

test('what was not reported is on flash before the device resets', async (t) => {
  const { keys } = await osBench();
  const image = applicationPackage({ componentId: COMPONENT.app, key: keys.service });
  const { boot, host, capability } = await bench({ images: [image] });
  await host.request('capability.apply', { file: capability() });
  boot.compartments[0]?.end({ exitCode: undefined, signal: 'SIGSEGV', lastWords: '' });
  await settled();
  await host.request('restart');
  await settled();
  await boot.boot();
  const record = boot.call({ call: 'readRecord', record: 'reports' });
  t.true(record instanceof Uint8Array);
  const { events, deviceId } = decodeFailureReport(record as Uint8Array);
  t.like(events, [{ category: 'AppCrash', componentId: COMPONENT.app }]);
  t.is(deviceId, boot.deviceId);
});
