// The service's director and the device's update client on each other's metadata: neither of them is tested against itself alone.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileKeyStore } from '../as3/adapters/file-key-store.ts';
import type { DevicePlan } from '../as3/domain/deployment-store.ts';
import { Director } from '../as3/domain/director.ts';
import type { DirectorIssue } from '../as3/domain/director-store.ts';
import type { StoredImage } from '../as3/domain/image-store.ts';
import { JournalFeed } from '../as3/domain/journal.ts';
import { ServiceError } from '../as3/domain/service-error.ts';
import { makeTufRoot } from '../as3/domain/tuf-root.ts';
import type { ComponentId, DeviceId } from '../contracts/core/ids.ts';
import { decodeImage } from '../contracts/core/image.ts';
import { DEVICE_API } from '../contracts/wire/device-api.ts';
import { BENCH_CATALOG, BENCH_DEVICE } from './support/bench-session.ts';
import { sha256 } from './support/device-app.ts';
import type { AppVersion } from './support/update-bench.ts';
import { NOW, imageIdOf, packageOf, updateBench } from './support/update-bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-director-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const keys = new FileKeyStore(join(folder, 'keys'));
test.before(() => keys.makeMissingKeys());

const A = '00000000-0000-4000-8000-00000000000a' as ComponentId;
const A1: AppVersion = { componentId: A, rollbackIndex: 1 };
const A2: AppVersion = { componentId: A, rollbackIndex: 2 };
const OTHER_DEVICE = 'e'.repeat(128) as DeviceId;
const HOUR = 60 * 60;

/** A device at a service whose clock is the device's. */
async function bench() {
  const clock = { nowMs: () => seconds * 1000 };
  let seconds = NOW;
  const tufRoot = await makeTufRoot(keys, clock, sha256);
  const device = updateBench(new TextEncoder().encode(tufRoot));
  const packages = new Map<string, Uint8Array>();
  let deployment: DevicePlan['deployment'];
  const issues = new Map<DeviceId, DirectorIssue>();
  const director = new Director({
    deployments: { planOf: async () => ({ catalogId: BENCH_CATALOG, updatePolicy: 'UpdateAll', deployment }) },
    images: { readPackage: async (_, imageId) => packages.get(imageId) },
    issues: {
      lastIssue: async (of) => issues.get(of),
      replaceIssue: async (of, after, issue) =>
        (issues.get(of)?.version ?? 0) === after && issues.set(of, issue).has(of),
      recordDelivery: async () => undefined,
    },
    keys,
    tufRoot,
    clock,
    sha256,
    journal: new JournalFeed(clock),
  });
  const from = (of: DeviceId) => async (path: string) => {
    try {
      if (!path.startsWith(DEVICE_API.metadata.path))
        return await director.target(of, path.slice(DEVICE_API.targets.path.length));
      return new TextEncoder().encode(await director.metadata(of, path.slice(DEVICE_API.metadata.path.length)));
    } catch (error) {
      if (error instanceof ServiceError && error.code.endsWith('-not-found')) return undefined;
      throw error;
    }
  };
  device.session.fileAt = from(BENCH_DEVICE as DeviceId);
  return {
    ...device,
    from,
    deploy: (id: string, version: AppVersion): void => {
      const bytes = packageOf(version);
      const { imageId, componentId, rollbackIndex } = decodeImage(bytes, sha256);
      const catalog = { subscriptionId: '', resourceGroup: '', catalog: '' };
      const image: StoredImage = {
        imageId,
        componentId,
        rollbackIndex,
        name: 'Blink',
        version: '1.0.0',
        sizeBytes: bytes.length,
        packageDigest: sha256(bytes),
        signedDigest: sha256(bytes),
        publisherKeyId: undefined,
        regionalDataBoundary: 'None',
        catalog: catalog as unknown as StoredImage['catalog'],
        added: { by: 'operator', at: '' },
      };
      packages.set(imageId, bytes);
      deployment = { id, images: [image] };
    },
    passes: (hours: number): void => {
      seconds += hours * HOUR;
      device.session.time = { isSet: true, seconds };
    },
  };
}

test('a device follows its director from one deployment to the next', async (t) => {
  const { deploy, check, installed, updates } = await bench();
  t.is((await check()).outcome, 'no-deployment');
  deploy('one', A1);
  t.like(await check(), { outcome: 'installed', deploymentId: 'one', refused: [] });
  t.is((await check()).outcome, 'up-to-date');
  deploy('two', A2);
  t.like(await check(), { outcome: 'installed', deploymentId: 'two' });
  t.deepEqual(installed(), [imageIdOf(A2)]);
  t.like(await updates.targeted(), { deploymentId: 'two', images: [{ imageId: imageIdOf(A2) }] });
});

test('a device that asks every 20 hours for a month never meets expired metadata', async (t) => {
  const { deploy, check, passes } = await bench();
  deploy('one', A1);
  await check();
  for (let look = 0; look < 36; look++) {
    passes(20);
    t.is((await check()).outcome, 'up-to-date');
  }
});

test('an earlier deployment again is a new directive; going back is the monitor’s to refuse', async (t) => {
  const { deploy, check, installed } = await bench();
  deploy('two', A2);
  await check();
  deploy('one', A1);
  t.like(await check(), { outcome: 'refused', deploymentId: 'one', refused: [{ code: 'image-rolled-back' }] });
  t.deepEqual(installed(), [imageIdOf(A2)]);
});

test('what the director made for another device is refused, and shuts the device out of nothing', async (t) => {
  const { deploy, updates, check, session, from } = await bench();
  deploy('one', A1);
  await check();
  const own = session.fileAt;
  session.fileAt = from(OTHER_DEVICE);
  for (const [id, version] of [
    ['two', A2],
    ['three', A1],
    ['four', A2],
  ] as const) {
    deploy(id, version);
    await session.fileAt(`${DEVICE_API.metadata.path}timestamp.json`);
  }
  await t.throwsAsync(updates.check(), { code: 'update-wrong-device' });
  session.fileAt = own;
  // The second of its own, after the third of the other.
  t.like(await check(), { outcome: 'installed', deploymentId: 'four' });
});

test('metadata that is held back for a day has expired', async (t) => {
  const { deploy, check, updates, session, passes } = await bench();
  deploy('one', A1);
  await check();
  const answers = new Map<string, Uint8Array | undefined>();
  const own = session.fileAt;
  session.fileAt = async (path) => {
    if (!answers.has(path)) answers.set(path, await own(path));
    return answers.get(path);
  };
  t.is((await check()).outcome, 'up-to-date');
  deploy('two', A2);
  passes(23);
  t.is((await check()).outcome, 'up-to-date', 'nobody can know yet');
  passes(1);
  await t.throwsAsync(updates.check(), { code: 'update-metadata-expired' });
});
