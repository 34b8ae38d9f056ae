// What every management store does, whichever database it is on. It must never look at tables: it knows the interface, and the
// one thing that the interface does not have yet, bringing a device in.

import type { ExecutionContext, TestFn } from 'ava';
import { deviceIdFromBytes } from '../../contracts/core/ids.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import type { ManagementStore, PageWanted } from '../../as3/domain/management-store.ts';
import { parseName } from '../../as3/domain/resource-names.ts';
import type { CatalogKey, DeviceGroupKey, ProductKey } from '../../as3/domain/resources.ts';
import { DEFAULT_DEVICE_GROUPS, DEVICE_GROUP_DEFAULTS } from '../../as3/domain/resources.ts';

/** An empty store, and a way past it. */
export interface StoreUnderTest {
  readonly store: ManagementStore;
  insertDevice(catalogId: string, id: DeviceId, group: DeviceGroupKey | undefined): void;
  close(): Promise<void>;
}

const ALL: PageWanted = { skip: 0, limit: 1000 };
const STAMP = { by: 'operator', at: '2026-11-22T12:00:00.000Z' };
const LATER = { by: 'another', at: '2026-11-23T12:00:00.000Z' };

export function catalogKey(catalog: string): CatalogKey {
  return {
    subscription: parseName('subscription', 'sub'),
    resourceGroup: parseName('resourceGroup', 'rg'),
    catalog: parseName('catalog', catalog),
  };
}
export const productKey = (catalog: string, product: string): ProductKey => ({
  ...catalogKey(catalog),
  product: parseName('product', product),
});
export const groupKey = (catalog: string, product: string, deviceGroup: string): DeviceGroupKey => ({
  ...productKey(catalog, product),
  deviceGroup: parseName('deviceGroup', deviceGroup),
});
export const deviceId = (number: number): DeviceId => deviceIdFromBytes(new Uint8Array(64).fill(number));

/** Registers the suite under `name`; `open` gives a fresh store for each test. */
export function managementStoreConformance(
  test: TestFn<unknown>,
  name: string,
  open: () => Promise<StoreUnderTest>,
): void {
  const conforms = (
    what: string,
    body: (t: ExecutionContext<unknown>, under: StoreUnderTest) => Promise<void>,
  ): void => {
    test(`${name}: ${what}`, async (t) => {
      const under = await open();
      try {
        await body(t, under);
      } finally {
        await under.close();
      }
    });
  };
  const filled = async ({ store }: StoreUnderTest): Promise<void> => {
    await store.writeCatalog(catalogKey('C'), { tags: {} }, STAMP, 'id-1');
    await store.writeProduct(productKey('C', 'Lamp'), { description: 'd' }, STAMP, DEFAULT_DEVICE_GROUPS);
  };

  conforms('a name in another letter case is the same resource, and keeps its first spelling', async (t, under) => {
    await filled(under);
    const again = await under.store.writeCatalog(catalogKey('c'), { tags: { a: 'b' } }, LATER, 'id-2');
    t.like(again, { isNew: false, item: { id: 'id-1', key: { catalog: 'C' }, tags: { a: 'b' } } });
    t.deepEqual([again.item.created, again.item.modified], [STAMP, LATER]);
    t.deepEqual(
      (await under.store.findDeviceGroup(groupKey('c', 'LAMP', 'field test')))?.key,
      groupKey('C', 'Lamp', 'Field Test'),
    );
    t.false((await under.store.writeProduct(productKey('C', 'LAMP'), { description: '' }, LATER, [])).isNew);
  });

  conforms('a product begins with its groups, and changing it adds none', async (t, under) => {
    await filled(under);
    await under.store.deleteDeviceGroup(groupKey('C', 'Lamp', 'Production'));
    await under.store.writeProduct(productKey('C', 'Lamp'), { description: 'e' }, LATER, DEFAULT_DEVICE_GROUPS);
    t.is((await under.store.listDeviceGroups(productKey('C', 'Lamp'), ALL)).items.length, 4);
    await under.store.changeDeviceGroup(groupKey('C', 'Lamp', 'Development'), { description: 'mine' }, LATER);
    await under.store.addMissingDeviceGroups(productKey('C', 'Lamp'), DEFAULT_DEVICE_GROUPS, LATER);
    t.is((await under.store.listDeviceGroups(productKey('C', 'Lamp'), ALL)).items.length, 5);
    t.is((await under.store.findDeviceGroup(groupKey('C', 'Lamp', 'Development')))?.description, 'mine');
  });

  conforms('a change touches what is given and nothing else', async (t, under) => {
    await filled(under);
    const changed = await under.store.changeDeviceGroup(
      groupKey('C', 'Lamp', 'Production'),
      { osFeedType: 'RetailEval' },
      LATER,
    );
    t.like(changed, {
      osFeedType: 'RetailEval',
      updatePolicy: 'UpdateAll',
      description: 'Devices of customers',
      created: STAMP,
      modified: LATER,
    });
    t.is((await under.store.changeProduct(productKey('C', 'Lamp'), {}, LATER))?.description, 'd');
    t.is(await under.store.changeCatalog(catalogKey('no'), { tags: {} }, LATER), undefined);
    t.is(await under.store.changeProduct(productKey('C', 'other'), {}, LATER), undefined);
    t.is(await under.store.changeDeviceGroup(groupKey('C', 'other', 'x'), {}, LATER), undefined);
  });

  conforms('nothing is made below what is not there', async (t, under) => {
    const { store } = under;
    await t.throwsAsync(store.writeProduct(productKey('no', 'Lamp'), { description: '' }, STAMP, []), {
      code: 'catalog-not-found',
    });
    await filled(under);
    const values = DEVICE_GROUP_DEFAULTS;
    await t.throwsAsync(store.writeDeviceGroup(groupKey('C', 'no product', 'x'), values, STAMP), {
      code: 'product-not-found',
    });
    await t.throwsAsync(store.addMissingDeviceGroups(productKey('C', 'no product'), [], STAMP), {
      code: 'product-not-found',
    });
    await t.throwsAsync(store.listProducts(catalogKey('no'), ALL), { code: 'catalog-not-found' });
    await t.throwsAsync(store.listDeviceGroups(productKey('C', 'no product'), ALL), { code: 'product-not-found' });
    await t.throwsAsync(store.countDevices({ kind: 'group', key: groupKey('C', 'Lamp', 'no') }), {
      code: 'device-group-not-found',
    });
  });

  conforms('what has something in it is not deleted', async (t, under) => {
    await filled(under);
    const { store } = under;
    await t.throwsAsync(store.deleteCatalog(catalogKey('C')), { code: 'catalog-not-empty' });
    under.insertDevice('id-1', deviceId(1), groupKey('C', 'Lamp', 'Production'));
    await t.throwsAsync(store.deleteDeviceGroup(groupKey('C', 'Lamp', 'Production')), {
      code: 'device-group-not-empty',
    });
    await t.throwsAsync(store.deleteProduct(productKey('C', 'Lamp')), { code: 'product-not-empty' });
    t.true(await store.deleteDeviceGroup(groupKey('C', 'Lamp', 'Development')));
    t.false(await store.deleteDeviceGroup(groupKey('C', 'Lamp', 'Development')));
    t.false(await store.deleteCatalog(catalogKey('no')));
    t.false(await store.deleteProduct(productKey('no', 'Lamp')));
  });

  conforms('a product goes with its groups, then its catalog', async (t, under) => {
    await filled(under);
    t.true(await under.store.deleteProduct(productKey('C', 'lamp')));
    t.is((await under.store.listDeviceGroups(catalogKey('C'), ALL)).items.length, 0);
    t.true(await under.store.deleteCatalog(catalogKey('c')));
    t.is(await under.store.findCatalog(catalogKey('C')), undefined);
  });

  conforms('devices are counted and listed where they are, and nowhere else', async (t, under) => {
    await filled(under);
    const { store } = under;
    await store.writeCatalog(catalogKey('Other'), { tags: {} }, STAMP, 'id-2');
    const production = groupKey('C', 'Lamp', 'Production');
    under.insertDevice('id-1', deviceId(1), production);
    under.insertDevice('id-1', deviceId(2), undefined);
    const key = catalogKey('C');
    const scopes = [
      [{ kind: 'catalog', key }, 2],
      [{ kind: 'ungrouped', key }, 1],
      [{ kind: 'product', key: production }, 1],
      [{ kind: 'group', key: production }, 1],
      [{ kind: 'group', key: groupKey('C', 'Lamp', 'Development') }, 0],
      [{ kind: 'catalog', key: catalogKey('Other') }, 0],
    ] as const;
    for (const [scope, count] of scopes) {
      t.is(await store.countDevices(scope), count);
      t.is((await store.listDevices(scope, ALL)).items.length, count);
    }
    t.deepEqual((await store.findDevice({ kind: 'group', key: production }, deviceId(1)))?.group, production);
    t.is(await store.findDevice({ kind: 'ungrouped', key }, deviceId(1)), undefined);
    t.is((await store.findDevice({ kind: 'ungrouped', key }, deviceId(2)))?.group, undefined);
  });

  conforms('pages of any size make the whole list, each item once', async (t, under) => {
    await filled(under);
    await under.store.writeProduct(productKey('C', 'Lamp two'), { description: '' }, STAMP, DEFAULT_DEVICE_GROUPS);
    const read = async (limit: number): Promise<readonly string[]> => {
      const names: string[] = [];
      let after: string | undefined;
      do {
        const page = await under.store.listDeviceGroups(catalogKey('C'), {
          skip: 0,
          limit,
          ...(after === undefined ? {} : { after }),
        });
        t.true(page.items.length <= limit);
        names.push(...page.items.map(({ key }) => `${key.product}/${key.deviceGroup}`));
        after = page.next;
      } while (after !== undefined);
      return names;
    };
    const whole = await read(1000);
    t.is(new Set(whole).size, 10);
    for (const limit of [1, 3, 5, 10]) t.deepEqual(await read(limit), whole);
    t.is((await under.store.listDeviceGroups(catalogKey('C'), { skip: 7, limit: 1000 })).items.length, 3);
    const named = { ...catalogKey('C'), deviceGroup: parseName('deviceGroup', 'PRODUCTION') };
    t.is((await under.store.listDeviceGroups(named, ALL)).items.length, 2);
  });

  conforms('a scope sees its own catalogs', async (t, under) => {
    await filled(under);
    const elsewhere = { ...catalogKey('C'), resourceGroup: parseName('resourceGroup', 'other') };
    t.true((await under.store.writeCatalog(elsewhere, { tags: {} }, STAMP, 'id-2')).isNew);
    const { subscription } = elsewhere;
    t.is((await under.store.listCatalogs({ subscription }, ALL)).items.length, 2);
    t.is((await under.store.listCatalogs(elsewhere, ALL)).items[0]?.id, 'id-2');
    t.is((await under.store.listCatalogs({ subscription: parseName('subscription', 'x') }, ALL)).items.length, 0);
  });

  conforms('changes at one moment follow each other, and none is lost', async (t, under) => {
    await filled(under);
    const names = Array.from({ length: 20 }, (_, number) => `group ${number}`);
    await Promise.all(
      names.map((name) => under.store.writeDeviceGroup(groupKey('C', 'Lamp', name), DEVICE_GROUP_DEFAULTS, STAMP)),
    );
    t.is((await under.store.listDeviceGroups(catalogKey('C'), ALL)).items.length, 25);
  });
}
