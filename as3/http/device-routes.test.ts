import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'ava';
import { encodeSign1, sign1SignedBytes } from '../../contracts/core/cose-sign1.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { encodeFailureReport } from '../../contracts/wire/failure-report.ts';
import { sha256 } from '../../test/support/device-app.ts';
import { catalogKey, deviceId, groupKey, productKey } from '../../test/support/management-store-conformance.ts';
import { issued, keyPem, newKey, pemOf, servicePki } from '../../test/support/service-pki.ts';
import { appPackage, es256, pointOf } from '../../test/support/uploads.ts';
import { JournalFeed } from '../domain/journal.ts';
import { DEFAULT_DEVICE_GROUPS } from '../domain/resources.ts';
import { openServiceFolder } from '../adapters/service-folder.ts';
import { openUpdateDesk } from '../main/open-update-desk.ts';
import type { OpenStore } from '../store/open-store.ts';
import { openStore } from '../store/open-store.ts';
import { DeviceRefusal } from '../domain/device-refusal.ts';
import { deviceRoutes } from './device-routes.ts';
import { deviceServer } from './device-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-device-routes-'));
const clock = { nowMs: () => Date.now() };
const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };
const CATALOG = 'aaaaaaaa-0000-4000-8000-000000000001';
const GROUP = groupKey('C', 'Lamp', 'Field Test');
const DEVICE = deviceId(5);

const pki = servicePki();
const deviceKey = newKey();
const certificate = issued('device', undefined, { kind: 'leaf', purpose: 'client' }, undefined, deviceKey);
const strangers = issued('device', undefined, { kind: 'leaf', purpose: 'client' });

let store: OpenStore;
let port = 0;
let stop: () => Promise<void> = async () => undefined;
const reports: unknown[] = [];
const journal = new JournalFeed(clock);

test.before(async () => {
  await openServiceFolder(folder, clock);
  const file = join(folder, 'service.db');
  store = await openStore(`sqlite:${file}`);
  await store.management.writeCatalog(catalogKey('C'), { tags: {}, publisherSignature: 'NotRequired' }, STAMP, CATALOG);
  await store.management.writeProduct(productKey('C', 'Lamp'), { description: '' }, STAMP, DEFAULT_DEVICE_GROUPS);
  const database = new DatabaseSync(file);
  database
    .prepare('insert into devices (id, catalog_id, product_key, device_group_key) values (?, ?, ?, ?)')
    .run(DEVICE, CATALOG, 'lamp', 'field test');
  database.close();
  const updates = await openUpdateDesk(folder, store, { clock, newId: () => crypto.randomUUID(), journal });
  const packageBytes = await appPackage({ catalogId: CATALOG, rollbackIndex: 3 });
  const wanted = { packageBytes, regionalDataBoundary: 'None', imageId: undefined } as const;
  const { item } = await updates.images.add(catalogKey('C'), wanted, 'operator');
  await updates.deployments.write(GROUP, '.default', [item.imageId], 'operator');
  const unused = (): never => {
    throw new Error('no open route is asked here');
  };
  const server = deviceServer({
    desk: { time: unused, nonce: unused, attest: unused },
    // The one certificate of this test; whom the service lets in by its own is another test's.
    identify: async (shown) => {
      if (Buffer.compare(shown, certificate.der) !== 0)
        throw new DeviceRefusal('device-certificate-refused', 'not this one');
      return { deviceId: DEVICE, catalogId: CATALOG, certificatePublicKey: pointOf(deviceKey) };
    },
    routes: deviceRoutes(updates),
    newId: () => crypto.randomUUID(),
    tls: { key: keyPem(pki.leaf), certificate: pemOf(pki.leaf, pki.ca), root: pemOf(pki.root) },
    report: (error) => reports.push(error),
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
  stop = async () => {
    await server.close();
    await store.close();
  };
});
test.after.always(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Heard {
  readonly status: number;
  readonly length: string | undefined;
  readonly body: Buffer;
}
function ask(
  method: string,
  path: string,
  how: { body?: unknown; as?: typeof certificate | null } = {},
): Promise<Heard> {
  const { body, as = certificate } = how;
  const identity = as === null ? {} : { key: keyPem(as), cert: pemOf(as) };
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const options = { host: 'localhost', port, method, path, headers, ca: pemOf(pki.root), agent: false, ...identity };
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const length = answer.headers['content-length'];
        resolve({ status: answer.statusCode ?? 0, length, body: Buffer.concat(chunks) });
      });
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const codeOf = ({ body }: Heard): string => (JSON.parse(body.toString()) as { error: { code: string } }).error.code;

test('a device fetches its metadata, then exactly the bytes that it names', async (t) => {
  const timestamp = JSON.parse((await ask('GET', '/device/v1/metadata/timestamp.json')).body.toString()) as {
    signed: { version: number };
  };
  const answer = await ask('GET', `/device/v1/metadata/${timestamp.signed.version}.targets.json`);
  t.is(answer.status, 200);
  t.is(answer.length, String(answer.body.length));
  const { signed } = JSON.parse(answer.body.toString()) as {
    signed: { targets: Record<string, { length: number; hashes: { sha256: string } }> };
  };
  const [[path = '', { length, hashes } = { length: 0, hashes: { sha256: '' } }] = []] = Object.entries(signed.targets);
  const image = await ask('GET', `/device/v1/targets/${path.replace('images/', `images/${hashes.sha256}.`)}`);
  t.deepEqual([image.status, image.length], [200, String(length)]);
  t.is(bytesToHex(sha256(image.body)), hashes.sha256);
  t.deepEqual(
    decodeImage(new Uint8Array(image.body), sha256).signatures.map(({ role }) => role),
    ['service'],
  );
  t.true(journal.recent().some(({ kind, deviceId: device }) => kind === 'update-served' && device === DEVICE));
});

for (const [path, code] of [
  ['/device/v1/metadata/2.root.json', 'metadata-not-found'],
  ['/device/v1/metadata/999.snapshot.json', 'metadata-not-found'],
  [`/device/v1/targets/images/${'0'.repeat(64)}.${CATALOG}`, 'target-not-found'],
  ['/device/v1/targets/images/..%2f..%2fkeys', 'target-not-found'],
  ['/device/v1/targets/keys', 'operation-unknown'],
] as const) {
  test(`${path} is not found`, async (t) => {
    const answer = await ask('GET', path);
    t.deepEqual([answer.status, codeOf(answer)], [404, code]);
  });
}

function reportOf(key = deviceKey, device = DEVICE, events = 1): string {
  const list = Array.from({ length: events }, (_, index) => ({
    id: new Uint8Array(16).fill(index),
    category: 'AppCrash' as const,
    componentId: '',
    imageId: '',
    detail: 'unreachable',
    count: 1,
    startSeconds: 1_800_000_000,
    endSeconds: 1_800_000_000,
  }));
  const payload = encodeFailureReport({ deviceId: device, events: list });
  return Buffer.from(encodeSign1(payload, es256(key, sign1SignedBytes(payload)))).toString('base64');
}

test.serial('a report is taken once', async (t) => {
  const send = async (report: string): Promise<unknown> =>
    JSON.parse((await ask('POST', '/device/v1/reports', { body: { report } })).body.toString());
  t.deepEqual(await send(reportOf(deviceKey, DEVICE, 2)), { accepted: 2 });
  t.deepEqual(await send(reportOf(deviceKey, DEVICE, 3)), { accepted: 1 });
  t.deepEqual(await send(reportOf(deviceKey, DEVICE, 3)), { accepted: 0 });
  t.is((await store.insights.listInsights(catalogKey('C'), { skip: 0, limit: 10 })).items.length, 3);
});

const { privateKey: another } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
for (const [what, body, status, code] of [
  ['signed with another key', { report: reportOf(another) }, 403, 'report-signature-invalid'],
  ['of another device', { report: reportOf(deviceKey, deviceId(6)) }, 403, 'report-wrong-device'],
  ['that is none', { report: 'AAAA' }, 400, 'report-malformed'],
  ['that is not base64', { report: '?' }, 400, 'request-malformed'],
  ['with something beside it', { report: reportOf(), more: 1 }, 400, 'request-malformed'],
  ['in a list', [reportOf()], 400, 'request-malformed'],
  ['of 70 KB', { report: 'A'.repeat(70_000) }, 413, 'request-too-large'],
] as const) {
  test(`a report ${what} is refused`, async (t) => {
    const answer = await ask('POST', '/device/v1/reports', { body });
    t.deepEqual([answer.status, codeOf(answer)], [status, code]);
  });
}

test('without a device’s certificate there is neither metadata nor image nor a place for reports', async (t) => {
  const image = `/device/v1/targets/images/${'0'.repeat(64)}.${CATALOG}`;
  for (const path of ['/device/v1/metadata/timestamp.json', '/device/v1/metadata/1.root.json', image]) {
    t.is((await ask('GET', path, { as: null })).status, 401);
    t.is((await ask('GET', path, { as: strangers })).status, 401);
  }
  t.is((await ask('POST', '/device/v1/reports', { body: { report: reportOf() }, as: null })).status, 401);
});

test.after('nothing of this was a failure of the service', (t) => t.deepEqual(reports, []));
