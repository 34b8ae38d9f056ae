// Events on their way to the service: merged, kept, sent, sent again; never twice, never for ever, never at the flash's cost.

import test from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { ReportEvent } from '../../../contracts/wire/failure-report.ts';
import { REPORT_MAX_EVENTS, decodeFailureReport, encodeFailureReport } from '../../../contracts/wire/failure-report.ts';
import {
  BOOT_SECONDS,
  FakeMonitor,
  FakeService,
  SERVICE,
  answered,
  fakeKeys,
  refusedAs,
} from '../../../test/support/fake-service.ts';
import { SECOND, VirtualTime, settled } from '../../../test/support/virtual-time.ts';
import { AuditTrail } from '../audit-trail.ts';
import { ServiceNetworkError } from '../service-port.ts';
import { AttestationClient } from './attestation-client.ts';
import { DeviceCertificates } from './device-certificates.ts';
import { ReportQueue } from './report-queue.ts';
import type { ReportedEvent } from './report-queue.ts';
import { Reports } from './reports.ts';
import { encodeServiceAddress } from './service-address.ts';
import { ServiceConnection } from './service-connection.ts';

const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const APP = '00000000-0000-4000-8000-00000000000a';
const OTHER = '00000000-0000-4000-8000-00000000000b';
const IMAGE = '00000000-0000-4000-8000-0000000000aa';
const crash = (detail = 'unreachable', componentId = APP): ReportedEvent => {
  return { category: 'AppCrash', componentId, imageId: IMAGE, detail };
};

function bench(before?: FakeMonitor) {
  const time = new VirtualTime();
  const monitor = new FakeMonitor(time, before);
  const service = new FakeService(time);
  monitor.records.set('serviceAddress', encodeServiceAddress(SERVICE));
  const certificates = new DeviceCertificates();
  const connection = new ServiceConnection(monitor, service, certificates);
  const unexpected: unknown[] = [];
  const report = (error: unknown): void => void unexpected.push(error);
  const keys = fakeKeys();
  const trail = new AuditTrail();
  const client = new AttestationClient({ monitor, connection, certificates, keys, time, trail, report });
  const reports = new Reports({ monitor, connection, keys, time, report });
  client.onAttested(() => reports.attested());
  const told = (): ReportEvent[] => [...service.events.values()];
  /** Writes of the record of reports so far. */
  const writes = (): number =>
    monitor.requests.filter((request) => request.call === 'writeRecord' && request.record === 'reports').length;
  const kept = (): readonly ReportEvent[] => {
    const record = monitor.records.get('reports');
    return record === undefined ? [] : decodeFailureReport(record).events;
  };
  return { time, monitor, service, client, reports, connection, told, writes, kept, unexpected };
}

async function attested(before?: FakeMonitor) {
  const all = bench(before);
  await all.reports.start();
  await all.client.start();
  await settled();
  return all;
}
const away = (): never => {
  throw new ServiceNetworkError('service-unreachable', '', { fault: 'world' });
};

test('a failure is with the service within seconds, signed, and flash is not touched for it', async (t) => {
  const { reports, time, told, writes, kept } = await attested();
  await time.advance(100n * SECOND);
  reports.add(crash());
  reports.add(crash());
  reports.add({ category: 'AppExit', componentId: OTHER, imageId: '', detail: 'exit code 3' });
  await time.advance(4n * SECOND);
  const seconds = BOOT_SECONDS + 100;
  t.deepEqual(
    told().map(({ category, componentId, imageId, detail, count, startSeconds, endSeconds }) => {
      return [category, componentId, imageId, detail, count, startSeconds, endSeconds];
    }),
    [
      ['AppCrash', APP, IMAGE, 'unreachable', 2, seconds, seconds],
      ['AppExit', OTHER, '', 'exit code 3', 1, seconds, seconds],
    ],
  );
  await time.advance(24n * HOUR);
  t.is(writes(), 0);
  t.deepEqual(kept(), []);
});

test('what happened before the time was known has its true time once it is', async (t) => {
  const { client, reports, time, told } = bench();
  await reports.start();
  reports.add(crash());
  await time.advance(7n * SECOND);
  reports.add(crash());
  await time.advance(3n * SECOND);
  await client.start();
  await time.advance(SECOND);
  t.like(told(), [{ count: 2, startSeconds: BOOT_SECONDS, endSeconds: BOOT_SECONDS + 7 }]);
});

test('what happens after an event was sent is told under an id of its own', async (t) => {
  const { reports, time, told } = await attested();
  reports.add(crash());
  await time.advance(5n * SECOND);
  reports.add(crash());
  await time.advance(5n * SECOND);
  t.deepEqual(
    told().map(({ count }) => count),
    [1, 1],
  );
});

test('an answer that is lost: the same events go out again under their ids, and more of the same is counted apart', async (t) => {
  const { reports, service, time, told } = await attested();
  service.instead.set('reports', (noted) => {
    service.honest(noted);
    throw new ServiceNetworkError('service-cut-off', '', { fault: 'world' });
  });
  reports.add(crash());
  await time.advance(4n * SECOND);
  reports.add(crash());
  service.instead.clear();
  await time.advance(MINUTE);
  t.deepEqual(
    told().map(({ count }) => count),
    [1, 1],
  );
  t.is(service.count('reports'), 2);
  await time.advance(HOUR);
  t.is(service.count('reports'), 2, 'nothing is left to send');
});

test('events outlive a power cut once a minute has passed, and are gone from flash when the service has them', async (t) => {
  const first = await attested();
  first.service.instead.set('reports', away);
  first.reports.add(crash('first'));
  await first.time.advance(59n * SECOND);
  t.is(first.writes(), 0);
  await first.time.advance(2n * SECOND);
  t.deepEqual(
    first.kept().map(({ detail }) => detail),
    ['first'],
  );
  first.reports.add(crash('lost with the power'));
  const second = await attested(first.monitor);
  await second.time.advance(4n * SECOND);
  t.like(second.told(), [{ detail: 'first', startSeconds: BOOT_SECONDS, count: 1 }]);
  await second.time.advance(2n * MINUTE);
  t.deepEqual(second.kept(), []);
  t.is(second.writes(), 1);
  t.deepEqual(second.unexpected, []);
});

test('a device that is switched off in good order loses nothing', async (t) => {
  const { reports, kept, writes } = bench();
  reports.add(crash());
  await reports.flush();
  t.is(kept().length, 1);
  await reports.flush();
  t.is(writes(), 1, 'what is written already is not written again');
});

test('an app that fails for weeks without a service wears the flash once an hour at most', async (t) => {
  const { reports, time, writes, kept } = bench();
  await reports.start();
  for (let hour = 0; hour < 72; hour++) {
    for (let quarter = 0; quarter < 4; quarter++) {
      reports.add(crash());
      await time.advance(15n * MINUTE);
    }
  }
  t.true(writes() <= 8 + 72, `${writes()} writes`);
  t.true(writes() > 60);
  t.like(kept(), [{ detail: 'unreachable' }]);
  const written = writes();
  await time.advance(100n * HOUR);
  t.true(writes() <= written + 1, 'without anything new nothing is written');
});

test('without a time an event that was kept is known to be no older than the floor', async (t) => {
  const { reports, time, kept } = bench();
  reports.add(crash());
  await time.advance(61n * SECOND);
  t.is(kept()[0]?.startSeconds, BOOT_SECONDS - 100 * 24 * 3600);
});

for (const { what, record } of [
  { what: 'lost', record: undefined },
  { what: 'noise', record: Uint8Array.of(1, 2, 3) },
]) {
  test(`a record of reports that is ${what} is reported and written over`, async (t) => {
    const { reports, monitor, unexpected, time, kept } = bench();
    if (record === undefined) monitor.refusals.set('readRecord', 'record-lost');
    else monitor.records.set('reports', record);
    await reports.start();
    t.is(unexpected.length, 1);
    t.true(unexpected[0] instanceof CodedError);
    reports.add(crash());
    await time.advance(61n * SECOND);
    t.is(kept().length, 1);
  });
}

test('flash that cannot be written to does not keep events from the service', async (t) => {
  const { reports, monitor, service, time, told, unexpected } = await attested();
  monitor.refusals.set('writeRecord', 'internal');
  service.instead.set('reports', away);
  reports.add(crash());
  await time.advance(2n * MINUTE);
  t.is(unexpected.length, 1);
  service.instead.clear();
  await time.advance(20n * MINUTE);
  t.is(told().length, 1);
});

test('one event that the service never takes is given up, and the others are taken', async (t) => {
  const { reports, service, time, told } = await attested();
  let largest = 0;
  service.instead.set('reports', (noted) => {
    const before = service.events.size;
    const honest = service.honest(noted);
    const added = [...service.events].slice(before);
    largest = Math.max(largest, added.length);
    if (!added.some(([, { detail }]) => detail === 'poison')) return honest;
    for (const [id] of added) service.events.delete(id);
    return refusedAs('report-malformed', {}, 400);
  });
  for (const detail of ['one', 'poison', 'two']) reports.add(crash(detail));
  await time.advance(10n * SECOND);
  t.deepEqual(
    told().map(({ detail }) => detail),
    ['one', 'two'],
  );
  t.is(largest, 3, 'together at first');
  t.is(service.count('reports'), 4);
  await time.advance(HOUR);
  t.is(service.count('reports'), 4);
});

for (const { what, answer } of [
  { what: 'is away', answer: away },
  { what: 'fails', answer: () => refusedAs('internal', {}, 500) },
  { what: 'asks for patience', answer: () => refusedAs('too-many', {}, 429) },
  { what: 'does not know the certificate', answer: () => refusedAs('certificate-revoked', {}, 403) },
  { what: 'answers nonsense', answer: () => answered({ thanks: true }) },
]) {
  test(`a service that ${what} is asked again, later each time, and nothing is given up`, async (t) => {
    const { reports, service, time, told } = await attested();
    service.instead.set('reports', answer);
    reports.add(crash());
    await time.advance(HOUR);
    const asked = service.count('reports');
    t.true(asked >= 6 && asked <= 14, `${asked} requests`);
    service.instead.clear();
    await time.advance(20n * MINUTE);
    t.is(told().length, 1);
  });
}

test('a component that fails each second is told of a few times a minute, and at once at first', async (t) => {
  const { reports, service, time, told } = await attested();
  for (let second = 0; second < 600; second++) {
    reports.add(crash());
    await time.advance(SECOND);
  }
  await time.advance(2n * MINUTE);
  t.true(service.count('reports') <= 5 + 12, `${service.count('reports')} requests`);
  t.is(
    told().reduce((sum, { count }) => sum + count, 0),
    600,
  );
});

test('an app that fails in a hundred ways hides no other app’s failure', async (t) => {
  const { reports, client, time, told } = bench();
  reports.add(crash('mine', OTHER));
  for (let way = 0; way < 300; way++) reports.add(crash(`way ${way}`));
  await client.start();
  await time.advance(5n * SECOND);
  t.is(told().length, REPORT_MAX_EVENTS);
  t.true(told().some(({ detail }) => detail === 'mine'));
  t.true(told().some(({ detail }) => detail === 'way 299'));
});

test('whatever is added, what comes out is a report that can be sent', (t) => {
  const added = fc.record({
    category: fc.constantFrom('AppCrash', 'AppUpdate' as const),
    componentId: fc.oneof(fc.constantFrom(APP, OTHER), fc.string()),
    imageId: fc.oneof(fc.uuid(), fc.string()),
    detail: fc.string({ unit: 'binary', maxLength: 600 }),
  });
  const law = fc.property(fc.array(fc.tuple(added, fc.nat()), { maxLength: 200 }), fc.boolean(), (list, isSet) => {
    const queue = new ReportQueue((count) => fakeKeys().random(count));
    for (const [event, at] of list) queue.add(event, BigInt(at));
    const events = queue.list({ nowNs: 10n * SECOND, isSet, seconds: 5 });
    t.is(events.length, queue.size);
    if (events.length === 0) return;
    const deviceId = 'ab'.repeat(64);
    t.deepEqual(decodeFailureReport(encodeFailureReport({ deviceId, events })).events, events);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});
