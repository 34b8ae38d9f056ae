import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Metadata } from '@tufjs/models';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { Updater } from 'tuf-js';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { DeviceId, ImageId } from '../../contracts/core/ids.ts';
import { DIRECTOR_FIELD } from '../../contracts/wire/update-target.ts';
import { catalogKey, deviceId, groupKey, productKey } from '../../test/support/management-store-conformance.ts';
import { sha256 } from '../../test/support/device-app.ts';
import { appPackage } from '../../test/support/uploads.ts';
import { FileKeyStore } from '../adapters/file-key-store.ts';
import type { OpenStore } from '../store/open-store.ts';
import { openStore } from '../store/open-store.ts';
import { Director } from './director.ts';
import { JournalFeed } from './journal.ts';
import { makeTufRoot } from './tuf-root.ts';
import { DEFAULT_DEVICE_GROUPS } from './resources.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-director-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const keys = new FileKeyStore(join(base, 'keys'));
test.before(() => keys.makeMissingKeys());

const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };
const CATALOG = 'aaaaaaaa-0000-4000-8000-000000000001';
const HOUR = 3_600_000;

interface Bench {
  readonly director: Director;
  readonly store: OpenStore;
  readonly clock: { ms: number; nowMs(): number };
  readonly device: DeviceId;
  readonly root: string;
  readonly journal: JournalFeed;
  /** Stores an image and makes it the deployment of the group `Field Test`, where the device is. */
  deploy(id: string, rollbackIndex: number): Promise<{ imageId: ImageId; path: string; bytes: Uint8Array }>;
}

let count = 0;
async function bench(t: ExecutionContext): Promise<Bench> {
  const file = join(base, `store-${count++}.db`);
  const store = await openStore(`sqlite:${file}`);
  t.teardown(() => store.close());
  await store.management.writeCatalog(catalogKey('C'), { tags: {} }, STAMP, CATALOG);
  await store.management.writeProduct(productKey('C', 'Lamp'), { description: '' }, STAMP, DEFAULT_DEVICE_GROUPS);
  const device = deviceId(7);
  const database = new DatabaseSync(file);
  database
    .prepare('insert into devices (id, catalog_id, product_key, device_group_key) values (?, ?, ?, ?)')
    .run(device, CATALOG, 'lamp', 'field test');
  database.close();
  const clock = { ms: Date.now(), nowMs: () => clock.ms };
  const root = await makeTufRoot(keys, clock, sha256);
  const journal = new JournalFeed(clock);
  const { deployments, images, directors: issues } = store;
  const parts = { deployments, images, issues, keys, tufRoot: root, clock, sha256, journal };
  return {
    director: new Director(parts),
    store,
    clock,
    device,
    root,
    journal,
    async deploy(id, rollbackIndex) {
      const bytes = await appPackage({ catalogId: CATALOG, rollbackIndex });
      const imageId = `00000000-0000-8000-8000-00000000000${rollbackIndex}` as ImageId;
      const record = {
        imageId,
        componentId: '11111111-2222-3333-4444-555555555555' as never,
        name: 'Blink',
        version: '1.0.0',
        rollbackIndex,
        sizeBytes: bytes.length,
        packageDigest: sha256(bytes),
        signedDigest: sha256(bytes),
        publisherKeyId: undefined,
        regionalDataBoundary: 'None',
      } as const;
      await images.addImage(catalogKey('C'), record, bytes, STAMP);
      await deployments.addDeployment(groupKey('C', 'Lamp', 'Field Test'), { id, name: id, images: [imageId] }, STAMP);
      return { imageId, path: `images/${bytesToHex(sha256(bytes))}.${imageId}`, bytes };
    },
  };
}

interface Parsed {
  readonly signed: {
    readonly version: number;
    readonly expires: string;
    readonly targets: Record<string, unknown>;
  } & Record<string, unknown>;
}
async function targetsOf({ director, device }: Bench): Promise<Parsed['signed']> {
  const timestamp = JSON.parse(await director.metadata(device, 'timestamp.json')) as Parsed;
  const text = await director.metadata(device, `${timestamp.signed.version}.targets.json`);
  return (JSON.parse(text) as Parsed).signed;
}

test('metadata names the device, its catalog and the images of its deployment', async (t) => {
  const under = await bench(t);
  t.deepEqual((await targetsOf(under))[DIRECTOR_FIELD], {
    deviceId: under.device,
    catalogId: CATALOG,
    deploymentId: null,
  });
  const { imageId, bytes } = await under.deploy('d-1', 3);
  const targets = await targetsOf(under);
  t.deepEqual(targets[DIRECTOR_FIELD], { deviceId: under.device, catalogId: CATALOG, deploymentId: 'd-1' });
  t.deepEqual(targets.targets, {
    [`images/${imageId}`]: {
      length: bytes.length,
      hashes: { sha256: bytesToHex(sha256(bytes)) },
      custom: { componentId: '11111111-2222-3333-4444-555555555555', imageId, rollbackIndex: 3 },
    },
  });
});

test('@tufjs/models reads each role, and each is signed by its own key of the root', async (t) => {
  const under = await bench(t);
  await under.deploy('d-1', 1);
  const root = Metadata.fromJSON('root' as never, JSON.parse(under.root));
  for (const [file, role] of [
    ['timestamp.json', 'timestamp'],
    ['1.snapshot.json', 'snapshot'],
    ['1.targets.json', 'targets'],
  ] as const) {
    const metadata = Metadata.fromJSON(role as never, JSON.parse(await under.director.metadata(under.device, file)));
    t.notThrows(() => root.verifyDelegate(role, metadata));
    t.is(metadata.signed.version, 1);
  }
});

test('a poll writes nothing; new content and a timestamp near its end make the next version', async (t) => {
  const under = await bench(t);
  const first = await under.director.metadata(under.device, 'timestamp.json');
  under.clock.ms += 17 * HOUR;
  t.is(await under.director.metadata(under.device, 'timestamp.json'), first);
  await under.deploy('d-1', 1);
  t.is((await targetsOf(under)).version, 2);
  under.clock.ms += 19 * HOUR;
  const third = await targetsOf(under);
  t.is(third.version, 3);
  t.is(Date.parse(third.expires) - under.clock.ms - 7 * 24 * HOUR < 1000, true);
  await under.deploy('d-2', 2);
  t.is((await targetsOf(under)).version, 4);
});

test('two processes that make metadata at once give one version one content', async (t) => {
  const under = await bench(t);
  const { director, device } = under;
  const texts = await Promise.all(Array.from({ length: 4 }, () => director.metadata(device, 'timestamp.json')));
  t.is(new Set(texts).size, 1);
});

test('a group without app updates is told that nothing is deployed, and gets no image', async (t) => {
  const under = await bench(t);
  const { path } = await under.deploy('d-1', 1);
  const group = groupKey('C', 'Lamp', 'Field Test');
  await under.store.management.changeDeviceGroup(group, { updatePolicy: 'No3rdPartyAppUpdates' }, STAMP);
  const targets = await targetsOf(under);
  t.like(targets[DIRECTOR_FIELD], { deploymentId: null });
  t.deepEqual(targets.targets, {});
  await t.throwsAsync(under.director.target(under.device, path), { code: 'target-not-found' });
});

test('an image goes to the devices of its deployment alone, under its digest, and the journal says so', async (t) => {
  const under = await bench(t);
  const first = await under.deploy('d-1', 1);
  t.deepEqual(await under.director.target(under.device, first.path), first.bytes);
  t.like(under.journal.recent().at(-1), { kind: 'update-served', deviceId: under.device, catalogId: CATALOG });
  t.like((await under.store.overview.read()).devices.items, [{ lastUpdate: { title: 'Blink 1.0.0' } }]);
  const second = await under.deploy('d-2', 2);
  const wrongDigest = second.path.replace(/images\/../, 'images/00');
  for (const path of [first.path, wrongDigest, `images/${second.imageId}`, 'images/../keys', '', 'x'.repeat(10_000)]) {
    await t.throwsAsync(under.director.target(under.device, path), { code: 'target-not-found' });
  }
  await t.throwsAsync(under.director.target(deviceId(8), second.path), { code: 'target-not-found' });
});

test('a metadata file that is not there is not made', async (t) => {
  const under = await bench(t);
  const { director, device } = under;
  await t.throwsAsync(director.metadata(device, '1.snapshot.json'), { code: 'metadata-not-found' });
  t.is(await director.metadata(device, '1.root.json'), under.root);
  await targetsOf(under);
  for (const file of [
    '2.root.json',
    '0.root.json',
    '01.root.json',
    '2.targets.json',
    'targets.json',
    '../1.root.json',
    '',
  ]) {
    await t.throwsAsync(director.metadata(device, file), { code: 'metadata-not-found' }, file);
  }
  await t.throwsAsync(director.metadata(deviceId(8), 'timestamp.json'), { code: 'device-not-claimed' });
});

test('tuf-js updates from the director over HTTP, and sees the next deployment', async (t) => {
  const under = await bench(t);
  const { director, device } = under;
  const server = createServer((request, response) => {
    const [, kind, path = ''] = /^\/(metadata|targets)\/(.*)$/.exec(request.url ?? '') ?? [];
    const read = kind === 'metadata' ? director.metadata(device, path) : director.target(device, path);
    read.then(
      (body) => response.end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metadataDir = mkdtempSync(join(base, 'client-'));
  writeFileSync(join(metadataDir, 'root.json'), under.root);
  for (const rollback of [1, 2]) {
    const { imageId, bytes } = await under.deploy(`d-${rollback}`, rollback);
    const updater = new Updater({
      metadataDir,
      metadataBaseUrl: `${url}/metadata`,
      targetDir: metadataDir,
      targetBaseUrl: `${url}/targets`,
    });
    await updater.refresh();
    const target = await updater.getTargetInfo(`images/${imageId}`);
    t.is(target?.length, bytes.length);
    t.truthy(target && (await updater.downloadTarget(target, join(metadataDir, `image-${rollback}`))));
    t.is(await updater.getTargetInfo(`images/${'0'.repeat(36)}`), undefined);
  }
});
