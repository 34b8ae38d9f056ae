// The device and its service over days, in virtual time: what comes back, what does not, and what comes back wrong.

import test from 'ava';
import fc from 'fast-check';
import type { DeviceEvent } from '../../../contracts/wire/device-link.ts';
import { bytesToHex } from '../../../contracts/core/ids.ts';
import {
  BOOT_SECONDS,
  DAY_SECONDS,
  FakeMonitor,
  FakeService,
  SERVICE,
  answered,
  fakeKeys,
  p256Pair,
  refusedAs,
} from '../../../test/support/fake-service.ts';
import { SECOND, VirtualTime, settled } from '../../../test/support/virtual-time.ts';
import { AuditTrail } from '../audit-trail.ts';
import type { ServiceNetworkErrorCode } from '../service-port.ts';
import { ServiceNetworkError } from '../service-port.ts';
import { AttestationClient } from './attestation-client.ts';
import { DeviceCertificates } from './device-certificates.ts';
import { encodeServiceAddress } from './service-address.ts';
import { ServiceConnection } from './service-connection.ts';

const HOUR = 3600n * SECOND;
const OTHER = { host: '192.0.2.7', port: 8443 };

function bench({ isConfigured = true } = {}) {
  const time = new VirtualTime();
  const monitor = new FakeMonitor(time);
  const service = new FakeService(time);
  if (isConfigured) monitor.records.set('serviceAddress', encodeServiceAddress(SERVICE));
  const trail = new AuditTrail();
  const events: string[] = [];
  trail.onEvent((event: DeviceEvent) => event.kind === 'service' && events.push(`${event.state} ${event.code}`.trim()));
  const certificates = new DeviceCertificates();
  const connection = new ServiceConnection(monitor, service, certificates);
  const unexpected: unknown[] = [];
  const report = (error: unknown): void => void unexpected.push(error);
  const client = new AttestationClient({ monitor, connection, certificates, keys: fakeKeys(), time, trail, report });
  return { time, monitor, service, events, certificates, connection, client, unexpected };
}

async function started(options = {}) {
  const all = bench(options);
  await all.client.start();
  await settled();
  return all;
}
const fails = (code: ServiceNetworkErrorCode) => (): never => {
  throw new ServiceNetworkError(code, code, { fault: 'world' });
};

test('a device that knows its service attests when it is switched on', async (t) => {
  const { client, events, monitor, service } = await started();
  const status = await client.status();
  t.like(status, { state: 'attested', service: SERVICE, lastError: null, trustedTime: '2027-01-15T08:00:00.000Z' });
  t.is(status.catalogId, '00000000-0000-4000-8000-0000000000ca');
  t.deepEqual(
    status.certificates.map(({ purpose, notBefore, notAfter }) => [purpose, notBefore, notAfter]),
    [
      ['update', '2027-01-15T08:00:00.000Z', '2027-01-16T08:00:00.000Z'],
      ['customer', '2027-01-15T08:00:00.000Z', '2027-01-16T08:00:00.000Z'],
    ],
  );
  t.true(status.certificates.every(({ chain }) => chain.startsWith('-----BEGIN CERTIFICATE-----')));
  t.deepEqual(events, ['waiting', 'attested']);
  t.deepEqual(
    service.requests.map(({ request }) => request.path),
    ['/device/v1/time', '/device/v1/nonce', '/device/v1/attest'],
  );
  t.is(monitor.count('attest'), 1);
});

test('only the request for the time is made at the floor, and none shows a certificate', async (t) => {
  const { service } = await started();
  t.deepEqual(
    service.requests.map(({ trust }) => [trust.nowIsFloor, new TextDecoder().decode(trust.root)]),
    [
      [true, 'serviceCa'],
      [false, 'serviceCa'],
      [false, 'serviceCa'],
    ],
  );
  t.true((service.requests[0]?.trust.nowSeconds ?? 0) < BOOT_SECONDS);
  t.is(service.requests[1]?.trust.nowSeconds, BOOT_SECONDS);
  t.true(service.requests.every(({ request }) => request.identity === undefined));
});

test('without an address nothing is sent, and the state says so', async (t) => {
  const { client, service, time } = await started({ isConfigured: false });
  await client.attest();
  await time.advance(48n * HOUR);
  t.is(service.requests.length, 0);
  t.like(await client.status(), { state: 'unconfigured', service: null, nextAttemptInSeconds: null, lastError: null });
});

for (const { what, record, refusal, code } of [
  { what: 'a record that is lost', record: undefined, refusal: 'record-lost', code: 'record-lost' },
  { what: 'a record of noise', record: Uint8Array.of(1, 2), refusal: undefined, code: 'service-address-malformed' },
] as const) {
  test(`${what} leaves the device without a service, and says why`, async (t) => {
    const { client, monitor, events, unexpected } = bench({ isConfigured: false });
    if (record !== undefined) monitor.records.set('serviceAddress', record);
    if (refusal !== undefined) monitor.refusals.set('readRecord', refusal);
    await client.start();
    t.like(await client.status(), { state: 'unconfigured', lastError: { code } });
    t.deepEqual(events, [`unconfigured ${code}`]);
    t.deepEqual(unexpected, []);
  });
}

test('an address that is given is kept, and tried at once in the background', async (t) => {
  const { client, monitor, service } = await started({ isConfigured: false });
  await client.configure(SERVICE);
  await settled();
  t.is((await client.status()).state, 'attested');
  await client.configure({ ...SERVICE });
  await settled();
  t.is(monitor.count('writeRecord'), 1, 'the same address wears no flash');
  t.is(service.count('attest'), 1);
  const next = new FakeMonitor(new VirtualTime(), monitor);
  t.deepEqual(next.records.get('serviceAddress'), encodeServiceAddress(SERVICE));
});

test('certificates are renewed between 56 and 67 hundredths of their life', async (t) => {
  const { client, service, time, events } = await started();
  await time.advance(13n * HOUR);
  t.is(service.count('attest'), 1);
  await time.advance(3n * HOUR);
  t.is(service.count('attest'), 2);
  t.is((await client.status()).certificates[0]?.serial, '02');
  await time.advance(72n * HOUR);
  t.true(service.count('attest') >= 6);
  t.deepEqual(events, ['waiting', 'attested'], 'a renewal that succeeds is no change');
});

test('certificates that are past their renewal when they come are renewed after 5 s, not at once', async (t) => {
  const { client, service, time } = bench();
  service.certificateSeconds = 3;
  await client.start();
  await time.advance(4n * SECOND);
  t.is(service.count('attest'), 1);
  await time.advance(2n * SECOND);
  t.is(service.count('attest'), 2);
});

test('a service that hands out certificates that end at once is not asked at that pace for ever', async (t) => {
  const { client, service, time } = bench();
  service.certificateSeconds = 3;
  await client.start();
  await time.advance(24n * HOUR);
  // Each of them may cost increments of the on-die counter: a time that leaps, a higher claim epoch, other update metadata.
  t.true(service.count('attest') <= 32 + 24 * 60 + 1, `${service.count('attest')} attestations in a day`);
  t.true(service.count('attest') >= 24 * 60);
});

test('old certificates stay in use while the service is away, and not a second after their end', async (t) => {
  const { client, service, time, connection, events } = await started();
  service.instead.set('time', fails('service-unreachable'));
  await time.advance(20n * HOUR);
  t.like(await client.status(), { state: 'unreachable', lastError: { code: 'service-unreachable', claim: null } });
  t.true(connection.isAttested);
  t.is((await connection.updateCertificate()).facts.serial, '01');
  await time.advance(4n * HOUR);
  t.false(connection.isAttested);
  t.deepEqual((await client.status()).certificates, []);
  await t.throwsAsync(connection.request({ method: 'GET', path: '/x', maxBytes: 1 }, 'device'), {
    code: 'not-attested',
  });
  service.instead.clear();
  await time.advance(20n * 60n * SECOND);
  t.is((await client.status()).state, 'attested');
  t.deepEqual(events, ['waiting', 'attested', 'unreachable service-unreachable', 'attested']);
});

test('each failure is waited after for longer, up to a quarter of an hour, and no two devices alike', async (t) => {
  const { client, service, time } = await started();
  const gaps: number[] = [];
  service.instead.set('time', fails('service-timed-out'));
  void client.attest();
  await settled();
  for (let failure = 0; failure < 11; failure++) {
    const { nextAttemptInSeconds } = await client.status();
    gaps.push(nextAttemptInSeconds ?? 0);
    await time.advance(BigInt(Math.ceil(nextAttemptInSeconds ?? 0)) * SECOND);
  }
  t.is(service.count('time'), 13);
  for (const [index, expected] of [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900].entries()) {
    const gap = gaps[index] ?? 0;
    t.true(gap >= expected * 0.74 && gap <= expected * 1.26, `${gap} s instead of about ${expected} s`);
  }
  t.true(new Set(gaps.slice(-3)).size > 1);
});

test('an attempt that is asked for while one runs is that one', async (t) => {
  const { client, service } = await started();
  let release = (): void => undefined;
  service.instead.set('nonce', async (noted) => {
    await new Promise<void>((resolve) => (release = resolve));
    return service.honest(noted);
  });
  const both = [client.attest(), client.attest()];
  await settled();
  const third = client.attest();
  release();
  await Promise.all([...both, third]);
  t.is(service.count('attest'), 2);
});

test('another address is tried although an attempt at the old one hangs, and its failure is not told of the new one', async (t) => {
  const { client, service, events } = await started();
  let fail = (): void => undefined;
  service.instead.set('time', async () => {
    await new Promise<void>((resolve) => (fail = resolve));
    return fails('service-timed-out')();
  });
  void client.attest();
  await settled();
  await client.configure(OTHER);
  await client.configure({ ...OTHER, port: 9443 });
  const asked = client.attest();
  service.instead.clear();
  fail();
  await asked;
  t.like(await client.status(), { state: 'attested', lastError: null, service: { port: 9443 } });
  t.false(events.some((event) => event.startsWith('unreachable')));
  t.deepEqual([...new Set(service.requests.slice(-3).map(({ address }) => address.port))], [9443]);
});

for (const { what, path, answer, state, code, claim } of [
  {
    what: 'a device that belongs to nobody',
    path: 'attest',
    answer: () => refusedAs('device-unclaimed'),
    state: 'unclaimed',
    code: 'device-unclaimed',
  },
  {
    what: 'evidence with a claim that the service does not take',
    path: 'attest',
    answer: () => refusedAs('evidence-refused', { claim: 'app:x' }),
    state: 'refused',
    code: 'evidence-refused',
    claim: 'app:x',
  },
  {
    what: 'a service that is overloaded',
    path: 'nonce',
    answer: () => refusedAs('busy', {}, 503),
    state: 'unreachable',
    code: 'busy',
  },
  {
    what: 'the page of a proxy',
    path: 'nonce',
    answer: () => ({ status: 502, body: new TextEncoder().encode('<html>') }),
    state: 'refused',
    code: 'service-answer-malformed',
  },
  {
    what: 'a server whose chain is not the service’s',
    path: 'time',
    answer: fails('service-not-trusted'),
    state: 'refused',
    code: 'service-not-trusted',
  },
  {
    what: 'a server whose certificate is over',
    path: 'time',
    answer: fails('service-certificate-expired'),
    state: 'refused',
    code: 'service-certificate-expired',
  },
  {
    what: 'a time that the time key did not sign',
    path: 'time',
    answer: () => answered({ seconds: BOOT_SECONDS, signature: Buffer.alloc(64, 1).toString('base64') }),
    state: 'refused',
    code: 'time-not-trusted',
  },
  {
    what: 'an answer with half a claim',
    path: 'attest',
    answer: () => answered({ claim: 'AAAA', certificates: { update: '', customer: '' } }),
    state: 'refused',
    code: 'service-answer-malformed',
  },
] as const) {
  test(`${what}: ${state} as ${code}`, async (t) => {
    const { client, service, events, monitor } = bench();
    service.instead.set(path, answer);
    await client.start();
    await settled();
    const status = await client.status();
    t.like(status, { state, lastError: { code, claim: claim ?? null }, certificates: [], catalogId: null });
    t.true((status.nextAttemptInSeconds ?? 0) > 0);
    t.deepEqual(events, ['waiting', `${state} ${code}`]);
    t.is(monitor.count('bindClaim'), 0);
  });
}

test('an answer with an old time, played again, is refused by the monitor', async (t) => {
  const { client, service, time } = bench();
  let kept: ReturnType<typeof service.honest> | undefined;
  service.instead.set('time', (noted) => (kept ??= service.honest(noted)));
  await client.start();
  await settled();
  t.is((await client.status()).state, 'attested');
  await time.advance(17n * HOUR);
  t.like(await client.status(), { state: 'refused', lastError: { code: 'time-not-trusted' } });
  t.is(service.count('nonce'), 1, 'nothing more was said to that server');
});

const wrongKey = p256Pair().publicKey;
for (const { what, changes, code } of [
  { what: 'another key', changes: { publicKey: wrongKey }, code: 'certificate-key-wrong' },
  { what: 'an end in the past', changes: { notAfterSeconds: BOOT_SECONDS }, code: 'certificate-not-valid-now' },
  {
    what: 'a beginning tomorrow',
    changes: { notBeforeSeconds: BOOT_SECONDS + DAY_SECONDS },
    code: 'certificate-not-valid-now',
  },
]) {
  for (const purpose of ['update', 'customer'] as const) {
    test(`a ${purpose} certificate with ${what} is not kept, and nothing is claimed by its answer`, async (t) => {
      const { client, service, monitor, connection } = bench();
      service.instead.set('attest', (noted) => {
        const honest = JSON.parse(new TextDecoder().decode(service.honest(noted).body)) as {
          certificates: Record<string, string>;
        };
        const facts = fakeKeys().describeCertificate(honest.certificates[purpose] ?? '');
        const other = service.certificate(facts.publicKey, changes);
        return answered({ ...honest, certificates: { ...honest.certificates, [purpose]: other } });
      });
      await client.start();
      await settled();
      t.like(await client.status(), { state: 'refused', lastError: { code }, certificates: [] });
      t.false(connection.isAttested);
      t.is(monitor.claimed, undefined);
    });
  }
}

test('a claim that the monitor does not take leaves the device without certificates', async (t) => {
  const { client, monitor, connection } = bench();
  monitor.refusals.set('bindClaim', 'claim-conflict');
  await client.start();
  await settled();
  t.like(await client.status(), { state: 'refused', lastError: { code: 'claim-conflict' }, certificates: [] });
  t.false(connection.isAttested);
});

test('every attestation hands the claim to the monitor, with a new key each', async (t) => {
  const { client, monitor, service, connection } = await started();
  const first = bytesToHex((await connection.updateCertificate()).identity.publicKey);
  await client.attest();
  t.is(monitor.count('bindClaim'), 2);
  t.deepEqual(monitor.claimed, service.claim);
  t.not(bytesToHex((await connection.updateCertificate()).identity.publicKey), first);
});

test('requests of the device show the update certificate, open ones nothing', async (t) => {
  const { service, connection } = await started();
  const { identity } = await connection.updateCertificate();
  await connection.request({ method: 'GET', path: '/device/v1/metadata/timestamp.json', maxBytes: 1 }, 'device');
  await connection.request({ method: 'GET', path: '/device/v1/metadata/timestamp.json', maxBytes: 1 }, 'open');
  t.deepEqual(
    service.requests.slice(-2).map(({ request }) => request.identity),
    [identity, undefined],
  );
});

test('before the time is known, and before an address, nothing but the time can be asked for', async (t) => {
  const { connection, client, service } = bench();
  const request = { method: 'GET', path: '/x', maxBytes: 1 } as const;
  await t.throwsAsync(connection.request(request, 'open'), { code: 'time-not-trusted' });
  await t.throwsAsync(connection.requestTime(new Uint8Array(0)), { code: 'service-not-configured' });
  await t.throwsAsync(connection.request(request, 'device'), { code: 'not-attested' });
  t.is(service.requests.length, 0);
  await client.start();
});

test('a device whose clock stood still asks for the time from a server that seems not yet valid, and for nothing else', async (t) => {
  const { client, service } = await started();
  await client.attest();
  t.deepEqual(
    service.requests.slice(-3).map(({ trust, request }) => [request.path.split('/').at(-1), trust.nowIsFloor]),
    [
      ['time', true],
      ['nonce', false],
      ['attest', false],
    ],
  );
});

test('a certificate that the service does not take any more is replaced at once, and not without end', async (t) => {
  const { client, service, connection, time } = await started();
  service.instead.set('reports', () => refusedAs('device-certificate-expired', {}, 401));
  const request = { method: 'POST', path: '/device/v1/reports', maxBytes: 1000 } as const;
  for (let second = 0; second < 600; second++) {
    await connection.request(request, 'device');
    await time.advance(SECOND);
  }
  t.is(service.count('attest'), 1 + 2);
  t.is((await client.status()).state, 'attested');
  await connection.request({ ...request, path: '/device/v1/nonce' }, 'open');
  t.is(service.count('attest'), 3);
});

test('a service that answers the same error all day is told of once', async (t) => {
  const { service, time, client, events } = bench();
  service.instead.set('attest', () => refusedAs('evidence-refused'));
  await client.start();
  await time.advance(24n * HOUR);
  t.true(service.count('attest') > 80);
  t.deepEqual(events, ['waiting', 'refused evidence-refused']);
});

test('whatever a service answers, the device ends in a coded state and asks again', async (t) => {
  const { client, service, unexpected } = await started();
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((value) => new TextEncoder().encode(value)),
    fc
      .record({ error: fc.record({ code: fc.string(), message: fc.string(), details: fc.object() }) })
      .map((value) => new TextEncoder().encode(JSON.stringify(value))),
  );
  const place = fc.constantFrom('time', 'nonce', 'attest');
  const property = fc.asyncProperty(place, fc.nat({ max: 999 }), body, async (path, status, bytes) => {
    service.instead.clear();
    service.instead.set(path, () => ({ status, body: bytes }));
    await client.attest();
    const { state, lastError, nextAttemptInSeconds } = await client.status();
    return (
      state !== 'attested' && /^[a-z][a-z0-9-]{0,63}$/.test(lastError?.code ?? '') && nextAttemptInSeconds !== null
    );
  });
  await fc.assert(property, { numRuns: 200 });
  t.deepEqual(unexpected, []);
});
