// What every store of images, deployments, directors and reports does, whichever database it is on. It must never look at tables.

import type { ExecutionContext, TestFn } from 'ava';
import type { ComponentId, DeviceId, ImageId } from '../../contracts/core/ids.ts';
import type { ReportEvent } from '../../contracts/wire/failure-report.ts';
import type { ImageRecord } from '../../as3/domain/image-store.ts';
import type { ManagementStore } from '../../as3/domain/management-store.ts';
import { DEFAULT_DEVICE_GROUPS } from '../../as3/domain/resources.ts';
import type { DeviceGroupKey } from '../../as3/domain/resources.ts';
import type { UpdateStores } from '../../as3/domain/update-desk.ts';
import { catalogKey, deviceId, groupKey, productKey } from './management-store-conformance.ts';

/** An empty store, and a way past it. */
export interface UpdateStoresUnderTest {
  readonly stores: UpdateStores & { readonly management: ManagementStore };
  readonly insertDevice: (catalogId: string, id: DeviceId, group: DeviceGroupKey | undefined) => void;
  close(): Promise<void>;
}

const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };
const LATER = { by: 'another', at: '2026-11-23T12:00:00.000Z' };
const ALL = { skip: 0, limit: 1000 };
const C = catalogKey('C');
const GROUP = groupKey('C', 'Lamp', 'Production');
const hash = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const imageId = (number: number): ImageId => `00000000-0000-8000-8000-${String(number).padStart(12, '0')}` as ImageId;

function image(number: number, component = number): ImageRecord {
  return {
    imageId: imageId(number),
    componentId: `11111111-0000-4000-8000-${String(component).padStart(12, '0')}` as ComponentId,
    name: `App ${component}`,
    version: '1.0.0',
    rollbackIndex: 0xffff_ffff,
    sizeBytes: 3,
    packageDigest: hash(number),
    signedDigest: hash(number + 100),
    publisherKeyId: undefined,
    regionalDataBoundary: 'None',
  };
}
const PACKAGE = Uint8Array.of(1, 2, 3);

const event = (number: number): ReportEvent => ({
  id: new Uint8Array(16).fill(number),
  category: 'AppExit',
  componentId: '',
  imageId: '',
  detail: `exit ${number}`,
  count: 0xffff_ffff,
  startSeconds: number,
  endSeconds: 253_402_300_799,
});

/** Registers the suite under `name`; `open` gives a fresh store for each test. */
export function updateStoreConformance(
  test: TestFn<unknown>,
  name: string,
  open: () => Promise<UpdateStoresUnderTest>,
): void {
  const conforms = (
    what: string,
    body: (t: ExecutionContext<unknown>, under: UpdateStoresUnderTest) => Promise<void>,
  ): void => {
    test(`${name}: ${what}`, async (t) => {
      const under = await open();
      try {
        const { management } = under.stores;
        await management.writeCatalog(C, { tags: {} }, STAMP, 'id-1');
        await management.writeProduct(productKey('C', 'Lamp'), { description: '' }, STAMP, DEFAULT_DEVICE_GROUPS);
        await body(t, under);
      } finally {
        await under.close();
      }
    });
  };

  conforms(
    'an image comes back as it was stored, in its own catalog alone',
    async (t, { stores: { images, management } }) => {
      const written = await images.addImage(C, { ...image(1), publisherKeyId: hash(9) }, PACKAGE, STAMP);
      t.true(written.isNew);
      t.deepEqual(await images.findImage(C, imageId(1)), written.item);
      t.deepEqual(written.item, { ...image(1), publisherKeyId: hash(9), catalog: C, added: STAMP });
      t.deepEqual(new Uint8Array((await images.readPackage(C, imageId(1))) ?? []), PACKAGE);
      await management.writeCatalog(catalogKey('D'), { tags: {} }, STAMP, 'id-2');
      t.is(await images.findImage(catalogKey('D'), imageId(1)), undefined);
      t.is(await images.readPackage(catalogKey('D'), imageId(1)), undefined);
      t.deepEqual(await images.signedApps('id-2'), []);
      await t.throwsAsync(images.findImage(catalogKey('no'), imageId(1)), { code: 'catalog-not-found' });
    },
  );

  conforms('an image again changes nothing, but for a publisher whom it lacked', async (t, { stores: { images } }) => {
    await images.addImage(C, image(1), PACKAGE, STAMP);
    const again = await images.addImage(C, { ...image(1), version: '2.0.0' }, Uint8Array.of(9), LATER);
    t.like(again, { isNew: false, item: { version: '1.0.0', added: STAMP } });
    const signed = { ...image(1), publisherKeyId: hash(9), packageDigest: hash(50) };
    t.like(await images.addImage(C, signed, Uint8Array.of(9), LATER), {
      isNew: false,
      item: { packageDigest: hash(50) },
    });
    t.deepEqual(new Uint8Array((await images.readPackage(C, imageId(1))) ?? []), Uint8Array.of(9));
    await images.addImage(C, image(1), PACKAGE, LATER);
    t.deepEqual((await images.findImage(C, imageId(1)))?.publisherKeyId, hash(9));
  });

  conforms(
    'a deleted image is gone but for that it was signed, and may come back',
    async (t, { stores: { images } }) => {
      await images.addImage(C, image(1), PACKAGE, STAMP);
      t.true(await images.deleteImage(C, imageId(1), LATER));
      t.false(await images.deleteImage(C, imageId(1), LATER));
      t.is(await images.findImage(C, imageId(1)), undefined);
      t.is(await images.readPackage(C, imageId(1)), undefined);
      t.deepEqual((await images.listImages(C, ALL)).items, []);
      const { componentId, signedDigest, rollbackIndex } = image(1);
      t.deepEqual(await images.signedApps('id-1'), [{ componentId, signedDigest, rollbackIndex }]);
      t.true((await images.addImage(C, image(1), PACKAGE, LATER)).isNew);
      t.is((await images.listImages(C, ALL)).items.length, 1);
    },
  );

  conforms('images come in pages, each once', async (t, { stores: { images } }) => {
    for (const number of [3, 1, 2]) await images.addImage(C, image(number), PACKAGE, STAMP);
    const first = await images.listImages(C, { skip: 0, limit: 2 });
    const rest = await images.listImages(C, { skip: 0, limit: 2, after: first.next ?? '' });
    t.deepEqual(
      [...first.items, ...rest.items].map((item) => item.imageId),
      [1, 2, 3].map(imageId),
    );
    t.is(rest.next, undefined);
  });

  conforms(
    'a publisher key changes until a device or an image is bound to it',
    async (t, { stores: { images }, insertDevice }) => {
      const key = (number: number) => ({ name: 'ci', publicKey: new Uint8Array(65).fill(number), keyId: hash(number) });
      t.deepEqual(await images.publisherPolicy(C), { isRequired: true, key: undefined });
      t.true((await images.writePublisherKey(C, key(1), STAMP)).isNew);
      t.false((await images.writePublisherKey(C, key(2), LATER)).isNew);
      t.deepEqual((await images.publisherPolicy(C)).key, { ...key(2), created: STAMP, modified: LATER });
      insertDevice('id-1', deviceId(1), undefined);
      await t.throwsAsync(images.writePublisherKey(C, key(3), LATER), { code: 'publisher-key-in-use' });
      await t.throwsAsync(images.writePublisherKey(C, { ...key(2), name: 'x' }, LATER), {
        code: 'publisher-key-in-use',
      });
      t.false((await images.writePublisherKey(C, { ...key(2), name: 'CI' }, LATER)).isNew);
    },
  );

  conforms(
    'the newest deployment is a group’s current one, and what is refused changes nothing',
    async (t, { stores }) => {
      const { deployments, images, management } = stores;
      for (const number of [1, 2]) await images.addImage(C, image(number), PACKAGE, STAMP);
      await images.addImage(C, image(3, 1), PACKAGE, STAMP);
      const add = (id: string, ids: readonly number[], stamp = STAMP) =>
        deployments.addDeployment(GROUP, { id, name: id, images: ids.map(imageId) }, stamp);
      t.is(await deployments.currentDeployment(GROUP), undefined);
      t.true((await add('d-1', [1, 2])).isNew);
      for (const [ids, code] of [
        [[1, 3], 'deployment-component-twice'],
        [[1, 1], 'deployment-component-twice'],
        [[9], 'deployment-image-unknown'],
      ] as const) {
        await t.throwsAsync(add('d-2', ids), { code });
      }
      t.is((await deployments.currentDeployment(GROUP))?.id, 'd-1');
      t.deepEqual(
        (await deployments.currentDeployment(GROUP))?.images.map((each) => each.imageId),
        [1, 2].map(imageId),
      );
      t.true((await management.findDeviceGroup(GROUP))?.hasDeployment);
      await add('d-2', [], LATER);
      t.is((await deployments.currentDeployment(GROUP))?.id, 'd-2');
      t.false((await add('D-1', [1, 2])).isNew);
      t.is((await deployments.currentDeployment(GROUP))?.id, 'd-2');
      await t.throwsAsync(add('d-1', [2, 1]), { code: 'deployment-exists' });
      for (const scope of [GROUP, C]) {
        t.deepEqual(
          (await deployments.listDeployments(scope, ALL)).items.map(({ id }) => id),
          ['d-1', 'd-2'],
        );
      }
      const other = groupKey('C', 'Lamp', 'Development');
      t.deepEqual((await deployments.listDeployments(other, ALL)).items, []);
      t.is(await deployments.findDeployment(other, 'd-1'), undefined);
      await t.throwsAsync(deployments.currentDeployment(groupKey('C', 'Lamp', 'no')), {
        code: 'device-group-not-found',
      });
    },
  );

  conforms(
    'a deleted deployment leaves its group with none, and its history with the others',
    async (t, { stores }) => {
      const { deployments, images } = stores;
      await images.addImage(C, image(1), PACKAGE, STAMP);
      for (const id of ['d-1', 'd-2'])
        await deployments.addDeployment(GROUP, { id, name: id, images: [imageId(1)] }, STAMP);
      await t.throwsAsync(images.deleteImage(C, imageId(1), LATER), { code: 'image-deployed' });
      t.true(await deployments.deleteDeployment(GROUP, 'D-2'));
      t.false(await deployments.deleteDeployment(GROUP, 'd-2'));
      t.is(await deployments.currentDeployment(GROUP), undefined);
      t.true(await images.deleteImage(C, imageId(1), LATER));
      t.deepEqual((await deployments.findDeployment(GROUP, 'd-1'))?.images, [
        { imageId: imageId(1), image: undefined },
      ]);
    },
  );

  conforms('a device’s plan is that of its group', async (t, { stores: { deployments, images }, insertDevice }) => {
    t.is(await deployments.planOf(deviceId(1)), undefined);
    insertDevice('id-1', deviceId(1), GROUP);
    insertDevice('id-1', deviceId(2), undefined);
    const nothing = { catalogId: 'id-1', deployment: undefined };
    t.deepEqual(await deployments.planOf(deviceId(1)), { ...nothing, updatePolicy: 'UpdateAll' });
    t.deepEqual(await deployments.planOf(deviceId(2)), { ...nothing, updatePolicy: undefined });
    const { item } = await images.addImage(C, image(1), PACKAGE, STAMP);
    await deployments.addDeployment(GROUP, { id: 'd-1', name: 'one', images: [imageId(1)] }, STAMP);
    t.deepEqual((await deployments.planOf(deviceId(1)))?.deployment, { id: 'd-1', images: [item] });
    t.is((await deployments.planOf(deviceId(2)))?.deployment, undefined);
  });

  conforms('of two who replace one issue, one does', async (t, { stores: { directors } }) => {
    const issue = (version: number) => ({
      version,
      contentDigest: 'd',
      expiresMs: 253_402_300_799_000,
      timestamp: 't',
      snapshot: 's',
      targets: `${version}`,
    });
    t.is(await directors.lastIssue(deviceId(1)), undefined);
    t.true(await directors.replaceIssue(deviceId(1), 0, issue(1)));
    t.false(await directors.replaceIssue(deviceId(1), 0, issue(1)));
    t.true(await directors.replaceIssue(deviceId(1), 1, issue(2)));
    t.false(await directors.replaceIssue(deviceId(1), 1, issue(3)));
    t.deepEqual(await directors.lastIssue(deviceId(1)), issue(2));
  });

  conforms(
    'an event counts once, and the newest of a device are kept',
    async (t, { stores: { insights }, insertDevice }) => {
      const kept = { at: STAMP.at, keep: 2 };
      t.deepEqual(await insights.addEvents(deviceId(1), [event(1)], kept), { added: 0, catalogId: undefined });
      for (const number of [1, 2]) insertDevice('id-1', deviceId(number), undefined);
      t.deepEqual(await insights.addEvents(deviceId(1), [event(1), event(1)], kept), { added: 1, catalogId: 'id-1' });
      t.is((await insights.addEvents(deviceId(1), [event(1)], kept)).added, 0);
      t.is((await insights.addEvents(deviceId(1), [], kept)).added, 0);
      // Two devices may have one event id, by chance or on purpose.
      t.is((await insights.addEvents(deviceId(2), [event(1)], kept)).added, 1);
      t.is((await insights.addEvents(deviceId(1), [event(2), event(3)], { at: LATER.at, keep: 2 })).added, 2);
      const { items } = await insights.listInsights(C, ALL);
      t.deepEqual(
        items.map(({ deviceId: device, event: { detail } }) => [device === deviceId(1), detail]),
        [
          [false, 'exit 1'],
          [true, 'exit 2'],
          [true, 'exit 3'],
        ],
      );
      t.like(items[0]?.event, { count: 0xffff_ffff, startSeconds: 1, endSeconds: 253_402_300_799 });
      const first = await insights.listInsights(C, { skip: 0, limit: 1 });
      t.is((await insights.listInsights(C, { skip: 0, limit: 9, after: first.next ?? '' })).items.length, 2);
    },
  );
}
