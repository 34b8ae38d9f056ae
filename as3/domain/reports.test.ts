import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { encodeSign1, sign1SignedBytes } from '../../contracts/core/cose-sign1.ts';
import type { ReportEvent } from '../../contracts/wire/failure-report.ts';
import { encodeFailureReport } from '../../contracts/wire/failure-report.ts';
import { deviceId } from '../../test/support/management-store-conformance.ts';
import { es256, pointOf } from '../../test/support/uploads.ts';
import { verifyEs256 } from '../adapters/verify-es256.ts';
import type { InsightStore } from './insight-store.ts';
import { JournalFeed } from './journal.ts';
import { EVENTS_KEPT, Reports } from './reports.ts';

const clock = { nowMs: () => Date.parse('2026-11-22T12:00:00Z') };
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ME = { deviceId: deviceId(1), publicKey: pointOf(privateKey) };

const event: ReportEvent = {
  id: new Uint8Array(16).fill(1),
  category: 'AppUpdateRefused',
  componentId: '11111111-2222-3333-4444-555555555555',
  imageId: '',
  detail: 'image-rolled-back',
  count: 1,
  startSeconds: 1_800_000_000,
  endSeconds: 1_800_000_000,
};

function message(device = ME.deviceId, key = privateKey): Uint8Array {
  const payload = encodeFailureReport({ deviceId: device, events: [event] });
  return encodeSign1(payload, es256(key, sign1SignedBytes(payload)));
}

function underTest(added = 1) {
  const calls: unknown[] = [];
  const store: Pick<InsightStore, 'addEvents'> = {
    addEvents: async (...call) => {
      calls.push(call);
      return { added, catalogId: 'catalog' };
    },
  };
  const journal = new JournalFeed(clock);
  return { calls, journal, reports: new Reports({ store: store as InsightStore, clock, journal, verifyEs256 }) };
}

test('take() stores the events of the device that signed them, and tells the journal', async (t) => {
  const { calls, journal, reports } = underTest();
  t.is(await reports.take(ME, message()), 1);
  t.deepEqual(calls, [[ME.deviceId, [event], { at: '2026-11-22T12:00:00.000Z', keep: EVENTS_KEPT }]]);
  t.like(journal.recent(), [
    {
      kind: 'report-received',
      deviceId: ME.deviceId,
      catalogId: 'catalog',
      text: 'AppUpdateRefused image-rolled-back',
    },
  ]);
});

test('take() says nothing of a report that brings nothing new', async (t) => {
  const { journal, reports } = underTest(0);
  t.is(await reports.take(ME, message()), 0);
  t.deepEqual(journal.recent(), []);
});

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const changed = message();
changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
for (const [what, bytes, code] of [
  ['signed with another key', message(ME.deviceId, stranger), 'report-signature-invalid'],
  ['whose signature was changed', changed, 'report-signature-invalid'],
  ['that names another device', message(deviceId(2)), 'report-wrong-device'],
  ['of no bytes', new Uint8Array(0), 'report-malformed'],
  ['that is cut', message().subarray(0, 60), 'report-malformed'],
  ['of 100 KB', new Uint8Array(100_000), 'report-malformed'],
] as const) {
  test(`take() refuses a report ${what}, and stores nothing`, async (t) => {
    const { calls, reports } = underTest();
    await t.throwsAsync(reports.take(ME, bytes), { code });
    t.deepEqual(calls, []);
  });
}
