// A real device and a real service over the air, and what goes wrong between them: a lost connection, a full flash, a crash, a host
// whose clock is decades off. Never a part in the place of another; the service's clock alone is the test's.

import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Management } from '../as3/domain/management.ts';
import { parseName } from '../as3/domain/resource-names.ts';
import { FLASH_PART } from '../contracts/core/flash-map.ts';
import type { ComponentId } from '../contracts/core/ids.ts';
import { buildApp } from '../toolchain/build/build-app.ts';
import type { PackagedApp } from '../toolchain/build/package-app.ts';
import { packageForCatalog } from '../toolchain/build/package-app.ts';
import { Bench } from '../toolchain/cli/bench.ts';
import { attestAttached, claimAttached } from '../toolchain/cli/service/claim-device.ts';
import { Fleet } from '../toolchain/cli/service/fleet.ts';
import type { GroupPlace } from '../toolchain/cli/service/resource-paths.ts';
import { ServiceClient } from '../toolchain/cli/service/service-client.ts';
import { deviceApiAddress } from '../toolchain/cli/service/service-record.ts';
import { prepareFleet } from '../toolchain/cli/up/prepare-fleet.ts';
import { manufactureDevice } from '../toolchain/factory/manufacture.ts';
import type { Profile } from '../toolchain/factory/profile.ts';
import { endorsementFile, prepareProfile } from '../toolchain/factory/profile.ts';
import { CHECKOUT, sharedFolder } from './support/casemate.ts';
import type { ServiceBench } from './support/service-bench.ts';
import { serviceBench } from './support/service-bench.ts';

const folder = sharedFolder(test);
const FIELD_TEST: GroupPlace = { catalog: 'Plant', product: 'Lamp', deviceGroup: 'Field Test' };
/** Together with the apps that run, more than the flash has; each of them alone fits beside them. */
const FILLER_BYTES = FLASH_PART.applications.size - 256 * 1024;
const BALLAST_BYTES = 224 * 1024;
const SET_UP_MS = 120_000;
const YEAR_MS = 365.25 * 24 * 3600 * 1000;
const EVENT_MS = 20_000;

/** A service, its fleet, and a claimed and attested device that runs nothing yet. */
interface Plant {
  readonly service: ServiceBench;
  readonly fleet: Fleet;
  readonly profile: Profile;
  readonly bench: Bench;
  readonly deviceId: string;
  readonly catalogId: ComponentId;
}

async function openPlant(): Promise<Plant> {
  const state = folder.path('plant');
  await mkdir(state, { mode: 0o700 });
  const service = await serviceBench(state);
  const profile = await prepareProfile(state);
  const operator = { operator: service.operator, root: await readFile(join(state, 'service/root-ca.pem'), 'utf8') };
  const fleet = new Fleet(new ServiceClient({ url: new URL(service.url), ...operator }));
  await prepareFleet(fleet, profile, FIELD_TEST);
  const bench = await startDevice(state, profile);
  const place = { place: FIELD_TEST, endorsement: () => endorsementFile(profile) };
  const deviceId = await claimAttached(fleet, place, bench.client);
  await attestAttached(bench.client, deviceApiAddress(service.deviceUrl));
  return { service, fleet, profile, bench, deviceId, catalogId: await fleet.catalogId(FIELD_TEST.catalog) };
}

async function startDevice(state: string, { anchors, release, endorsements }: Profile): Promise<Bench> {
  const device = join(state, 'device');
  await manufactureDevice({ folder: device, board: 'mt3620_rdb', release, anchors, endorsements });
  return Bench.start(device, new Map());
}

interface App extends PackagedApp {
  readonly componentId: ComponentId;
}

/** Gives the built app to the fleet, wanted on the device from now on beside `others`. */
async function deploy(app: App, others: readonly App[] = []): Promise<void> {
  const { fleet, profile } = plant;
  await fleet.addImage(FIELD_TEST.catalog, profile.developmentKey.signImage(app.image));
  await fleet.deploy(
    FIELD_TEST,
    [app, ...others].map(({ imageId }) => imageId),
  );
}

/** An app of its own folder: other files and another version beside the same source, for the plant's catalog. */
async function variantOf(app: string, name: string, change: (folder: string) => Promise<void>): Promise<App> {
  const copy = folder.path(name);
  await cp(join(CHECKOUT, 'apps', app), copy, { recursive: true });
  await change(copy);
  const { image, componentId } = await buildApp({ folder: copy });
  return { ...packageForCatalog(image, plant.catalogId), componentId };
}

async function changeManifest(copy: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const file = join(copy, 'app_manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...manifest, ...changes }));
}

async function stateOf({ componentId }: App): Promise<unknown> {
  const app = (await plant.bench.client.apps()).find((each) => each.componentId === componentId);
  return app === undefined ? undefined : { state: app.state, restarts: app.restarts };
}

async function installedImage({ componentId }: App): Promise<string | undefined> {
  return (await plant.bench.client.images()).find((each) => each.componentId === componentId)?.imageId;
}

const RUNNING = { state: 'running', restarts: 0 };
let plant: Plant;
let blink: App;
let green: App;

test.serial.before(async (t) => {
  t.timeout(SET_UP_MS);
  plant = await openPlant();
  blink = await variantOf('blink', 'blink', async () => undefined);
  green = await variantOf('blink-green', 'green', async () => undefined);
});
test.after.always(async () => {
  await plant.bench.stop();
  await plant.service.close();
});

test.serial('an app of its own catalog arrives over the air and runs', async (t) => {
  await deploy(blink);
  t.like(await plant.bench.client.checkUpdate(), { outcome: 'installed', refused: [] });
  t.deepEqual(await stateOf(blink), RUNNING);
  t.like(await plant.bench.client.checkUpdate(), { outcome: 'up-to-date' });
});

test.serial(
  'the service goes away in the middle of a download: the old app runs on, and the next look succeeds',
  async (t) => {
    const { bench } = plant;
    await deploy(green);
    // More than metadata and handshakes have, less than the image.
    await bench.radio({ do: 'radio-cut', afterBytes: 12_000 });
    await t.throwsAsync(bench.client.checkUpdate(), { code: 'service-cut-off' });
    t.is(await installedImage(blink), blink.imageId);
    t.deepEqual(await stateOf(blink), RUNNING);
    await bench.radio({ do: 'radio', power: 'off' });
    await t.throwsAsync(bench.client.checkUpdate(), { code: 'service-unreachable' });
    t.deepEqual(await stateOf(blink), RUNNING);
    await bench.radio({ do: 'radio', power: 'on' });
    await bench.radio({ do: 'radio-cut', afterBytes: null });
    t.like(await bench.client.checkUpdate(), { outcome: 'installed', refused: [] });
    t.is(await installedImage(green), green.imageId);
    t.deepEqual(await stateOf(green), RUNNING);
  },
);

test.serial('a full flash: the update is refused, nothing is lost, the old app runs', async (t) => {
  const filler = await variantOf('neighbour', 'filler', async (copy) => {
    await changeManifest(copy, { Name: 'Filler', ComponentId: crypto.randomUUID() });
    await writeFile(join(copy, 'files/filler.bin'), new Uint8Array(FILLER_BYTES));
  });
  await deploy(filler, [green]);
  t.like(await plant.bench.client.checkUpdate(), { outcome: 'installed', refused: [] });
  const next = await variantOf('blink-green', 'next', async (copy) => {
    await writeFile(join(copy, 'casemate.json'), '{ "version": "3.0.0", "rollback": 3, "files": ["files"] }');
    await mkdir(join(copy, 'files'));
    await writeFile(join(copy, 'files/ballast.bin'), new Uint8Array(BALLAST_BYTES));
  });
  await deploy(next, [filler]);
  const outcome = await plant.bench.client.checkUpdate();
  t.like(outcome, { outcome: 'refused', refused: [{ imageId: next.imageId, code: 'flash-full' }] });
  t.is(await installedImage(green), green.imageId);
  t.is(await installedImage(filler), filler.imageId);
  t.deepEqual(await stateOf(green), RUNNING);
});

test.serial('an app that crashes is reported, under the device’s signature, and the service lists it', async (t) => {
  const crashing = await variantOf('neighbour', 'crashing', async (copy) => {
    await changeManifest(copy, { Name: 'Crashing', ComponentId: crypto.randomUUID() });
    await writeFile(join(copy, 'main.c'), 'int main(void) { __builtin_trap(); }\n');
  });
  await deploy(crashing, [green]);
  t.like(await plant.bench.client.checkUpdate(), { outcome: 'installed' });
  const deadline = performance.now() + EVENT_MS;
  let told: readonly Record<string, unknown>[] = [];
  while (told.length === 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const insights = await plant.fleet.insights(FIELD_TEST.catalog);
    told = insights.filter(({ eventCategory }) => eventCategory === 'AppCrash');
  }
  const [crash = {}] = told;
  t.is(crash['deviceId'], plant.deviceId);
  t.regex(String(crash['description']), new RegExp(crashing.componentId));
  t.true(plant.service.journal.recent().some(({ kind }) => kind === 'report-received'));
  t.deepEqual(await stateOf(green), RUNNING);
});

// The host's clock cannot be turned here, so the service's is: to the device the two are one. An operator's tools go by the host's
// clock, so the fleet is laid out behind the listener. That a chain which the host's clock calls over is believed at the monitor's
// time is tested in runtime/adapters/service-network.test.ts.
test.serial('a host whose clock is 73 years behind the signed time: the device goes by the signed one', async (t) => {
  t.timeout(SET_UP_MS);
  const state = folder.path('future');
  await mkdir(state, { mode: 0o700 });
  // Opened first: the authority and its certificates are made by the service's clock.
  const service = await serviceBench(state, { aheadMs: 73 * YEAR_MS });
  let bench: Bench | undefined;
  try {
    const profile = await prepareProfile(state);
    bench = await startDevice(state, profile);
    const { devices, updates, store } = service;
    const key = {
      subscription: parseName('subscription', 'none'),
      resourceGroup: parseName('resourceGroup', 'none'),
      catalog: parseName('catalog', 'Plant'),
    };
    const management = new Management(store.management, service.clock, randomUUID);
    await management.writeCatalog(key, { tags: {} }, 'test');
    await updates.publisherKeys.write(key, 'development', profile.developmentKey.publicKey, 'test');
    await devices.claims.importEndorsement(await endorsementFile(profile));
    const { nonce } = await devices.claims.claimNonce(key);
    const { deviceId } = await bench.client.show();
    await devices.claims.claimDevice({ kind: 'ungrouped', key }, deviceId, await bench.client.collectEvidence(nonce));
    const status = await attestAttached(bench.client, deviceApiAddress(service.deviceUrl));
    const year = new Date(service.clock.nowMs()).getUTCFullYear();
    t.is(new Date(status.trustedTime ?? 0).getUTCFullYear(), year);
    t.deepEqual(
      status.certificates.map(({ notBefore }) => new Date(notBefore).getUTCFullYear()),
      [year, year],
    );
    // Mutual TLS with them, though OpenSSL would call every certificate on either side not yet valid.
    t.like(await bench.client.checkUpdate(), { outcome: 'no-deployment' });
  } finally {
    await bench?.stop();
    await service.close();
  }
});
