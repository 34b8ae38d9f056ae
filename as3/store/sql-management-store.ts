// The management store over SQL, by Kysely, in statements that SQLite and PostgreSQL both have. Never builds SQL from text
// of a request: values are parameters, and names of columns are in this folder.

import { sql } from 'kysely';
import type { ManagementStore } from '../domain/management-store.ts';
import { nameKey } from '../domain/resource-names.ts';
import { ServiceError, notFound } from '../domain/service-error.ts';
import {
  catalogOfKey,
  changeCatalog,
  changeGroup,
  changeProduct,
  countDevices,
  deviceQuery,
  findGroup,
  groupQuery,
  insertGroups,
  productQuery,
  wantProduct,
  wantedCatalog,
  wantedScope,
} from './fleet-queries.ts';
import type { Database } from './fleet-queries.ts';
import { inPage, pageOf } from './paging.ts';
import {
  catalogOf,
  changedGroupColumns,
  createdColumns,
  deviceGroupOf,
  deviceOf,
  groupColumns,
  modifiedColumns,
  nameColumns,
  productOf,
} from './rows.ts';

/** The store on an opened database whose tables are migrated. Errors beside those of each method: the database's. */
export function sqlManagementStore(database: Database): ManagementStore {
  return {
    async listCatalogs({ subscription, resourceGroup }, page) {
      const place = sql<string>`resource_group_key || '/' || name_key`;
      let query = database
        .selectFrom('catalogs')
        .selectAll()
        .select(place.as('place'))
        .where('subscription_key', '=', nameKey(subscription));
      if (resourceGroup !== undefined) query = query.where('resource_group_key', '=', nameKey(resourceGroup));
      return pageOf(await inPage(query, place, page).execute(), page, catalogOf);
    },
    async findCatalog(key) {
      return catalogOfKey(database, key);
    },
    async writeCatalog(key, values, stamp, newId) {
      return database.transaction().execute(async (transaction) => {
        const changed = await changeCatalog(transaction, key, values, stamp);
        if (changed !== undefined) return { item: changed, isNew: false };
        const row = await transaction
          .insertInto('catalogs')
          .values({
            id: newId,
            subscription: key.subscription,
            subscription_key: nameKey(key.subscription),
            resource_group: key.resourceGroup,
            resource_group_key: nameKey(key.resourceGroup),
            ...nameColumns(key.catalog),
            tags: JSON.stringify(values.tags),
            publisher_signature: values.publisherSignature ?? 'Required',
            certificate_subject: values.certificateSubject ?? 'Short',
            ...createdColumns(stamp),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return { item: catalogOf(row), isNew: true };
      });
    },
    async changeCatalog(key, values, stamp) {
      return changeCatalog(database, key, values, stamp);
    },
    async deleteCatalog(key) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await catalogOfKey(transaction, key);
        if (catalog === undefined) return false;
        for (const table of ['products', 'devices'] as const) {
          const inside = await transaction
            .selectFrom(table)
            .select('catalog_id')
            .where('catalog_id', '=', catalog.id)
            .executeTakeFirst();
          if (inside !== undefined)
            throw notEmpty('catalog-not-empty', `the catalog ${catalog.key.catalog} has ${table}`);
        }
        const image = await transaction
          .selectFrom('images')
          .select('image_id')
          .where('catalog_id', '=', catalog.id)
          .where('deleted_at', 'is', null)
          .executeTakeFirst();
        if (image !== undefined) throw notEmpty('catalog-not-empty', `the catalog ${catalog.key.catalog} has images`);
        await transaction.deleteFrom('catalogs').where('id', '=', catalog.id).execute();
        return true;
      });
    },

    async listProducts(key, page) {
      const catalog = await wantedCatalog(database, key);
      const query = database
        .selectFrom('products')
        .selectAll()
        .select('name_key as place')
        .where('catalog_id', '=', catalog.id);
      const rows = await inPage(query, sql<string>`name_key`, page).execute();
      return pageOf(rows, page, (row) => productOf(catalog.key, row));
    },
    async findProduct(key) {
      const catalog = await catalogOfKey(database, key);
      if (catalog === undefined) return undefined;
      const row = await productQuery(database, catalog.id, key).executeTakeFirst();
      return row === undefined ? undefined : productOf(catalog.key, row);
    },
    async writeProduct(key, values, stamp, first) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        const changed = await changeProduct(transaction, key, { ...values, ...modifiedColumns(stamp) });
        if (changed !== undefined) return { item: changed, isNew: false };
        const row = await transaction
          .insertInto('products')
          .values({ catalog_id: catalog.id, ...nameColumns(key.product), ...values, ...createdColumns(stamp) })
          .returningAll()
          .executeTakeFirstOrThrow();
        await insertGroups(transaction, catalog.id, key, first, stamp);
        return { item: productOf(catalog.key, row), isNew: true };
      });
    },
    async changeProduct(key, values, stamp) {
      return changeProduct(database, key, { ...values, ...modifiedColumns(stamp) });
    },
    async deleteProduct(key) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await catalogOfKey(transaction, key);
        if (catalog === undefined) return false;
        if ((await countDevices(transaction, catalog.id, { kind: 'product', key })) > 0) {
          throw notEmpty('product-not-empty', `a device group of the product ${key.product} has devices`);
        }
        const gone = await transaction
          .deleteFrom('products')
          .where('catalog_id', '=', catalog.id)
          .where('name_key', '=', nameKey(key.product))
          .returning('name_key')
          .executeTakeFirst();
        return gone !== undefined;
      });
    },

    async listDeviceGroups({ product, deviceGroup, ...key }, page) {
      const catalog = await wantedCatalog(database, key);
      const place = sql<string>`device_groups.product_key || '/' || device_groups.name_key`;
      let query = groupQuery(database, catalog.id).select(place.as('place'));
      if (product !== undefined) {
        await wantProduct(database, catalog.id, { ...key, product });
        query = query.where('device_groups.product_key', '=', nameKey(product));
      }
      if (deviceGroup !== undefined) query = query.where('device_groups.name_key', '=', nameKey(deviceGroup));
      return pageOf(await inPage(query, place, page).execute(), page, (row) => deviceGroupOf(catalog.key, row));
    },
    async findDeviceGroup(key) {
      return findGroup(database, key);
    },
    async writeDeviceGroup(key, values, stamp) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        await wantProduct(transaction, catalog.id, key);
        const changed = await changeGroup(transaction, key, { ...groupColumns(values), ...modifiedColumns(stamp) });
        if (changed !== undefined) return { item: changed, isNew: false };
        await insertGroups(transaction, catalog.id, key, [{ name: key.deviceGroup, values }], stamp);
        const item = await findGroup(transaction, key);
        if (item === undefined) throw notFound('device-group-not-found', key.deviceGroup);
        return { item, isNew: true };
      });
    },
    async addMissingDeviceGroups(key, groups, stamp) {
      await database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        await wantProduct(transaction, catalog.id, key);
        await insertGroups(transaction, catalog.id, key, groups, stamp);
      });
    },
    async changeDeviceGroup(key, values, stamp) {
      return changeGroup(database, key, { ...changedGroupColumns(values), ...modifiedColumns(stamp) });
    },
    async deleteDeviceGroup(key) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await catalogOfKey(transaction, key);
        if (catalog === undefined) return false;
        if ((await countDevices(transaction, catalog.id, { kind: 'group', key })) > 0) {
          throw notEmpty('device-group-not-empty', `the device group ${key.deviceGroup} has devices`);
        }
        const gone = await transaction
          .deleteFrom('device_groups')
          .where('catalog_id', '=', catalog.id)
          .where('product_key', '=', nameKey(key.product))
          .where('name_key', '=', nameKey(key.deviceGroup))
          .returning('name_key')
          .executeTakeFirst();
        return gone !== undefined;
      });
    },

    async listDevices(scope, page) {
      const catalog = await wantedScope(database, scope);
      const query = deviceQuery(database, catalog.id, scope).select('devices.id as place');
      const rows = await inPage(query, sql<string>`devices.id`, page).execute();
      return pageOf(rows, page, (row) => deviceOf(catalog.key, row));
    },
    async countDevices(scope) {
      const catalog = await wantedScope(database, scope);
      return countDevices(database, catalog.id, scope);
    },
    async findDevice(scope, id) {
      const catalog = await wantedScope(database, scope);
      const row = await deviceQuery(database, catalog.id, scope).where('devices.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : deviceOf(catalog.key, row);
    },
  };
}

function notEmpty(
  code: 'catalog-not-empty' | 'product-not-empty' | 'device-group-not-empty',
  message: string,
): ServiceError {
  return new ServiceError(code, message, { fault: 'caller', hint: 'move or delete what is in it first' });
}
