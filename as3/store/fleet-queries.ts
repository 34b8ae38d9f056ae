// The statements that several methods of the store need. Never opens a transaction: the caller knows what belongs together.

import type { ExpressionBuilder, ExpressionWrapper, Kysely, SqlBool } from 'kysely';
import { nameKey } from '../domain/resource-names.ts';
import type { ResourceName } from '../domain/resource-names.ts';
import type {
  Catalog,
  CatalogKey,
  CatalogValues,
  DeviceGroup,
  DeviceGroupKey,
  DeviceGroupValues,
  DeviceScope,
  Product,
  ProductKey,
  Stamp,
} from '../domain/resources.ts';
import { notFound } from '../domain/service-error.ts';
import {
  catalogOf,
  createdColumns,
  deviceGroupOf,
  groupColumns,
  modifiedColumns,
  nameColumns,
  productOf,
} from './rows.ts';
import type { DeviceGroupRow, ProductRow, Tables } from './schema.ts';

/** The database itself, or a transaction on it. */
export type Database = Kysely<Tables>;

export async function catalogOfKey(database: Database, key: CatalogKey): Promise<Catalog | undefined> {
  const row = await database
    .selectFrom('catalogs')
    .selectAll()
    .where('subscription_key', '=', nameKey(key.subscription))
    .where('resource_group_key', '=', nameKey(key.resourceGroup))
    .where('name_key', '=', nameKey(key.catalog))
    .executeTakeFirst();
  return row === undefined ? undefined : catalogOf(row);
}

/** Errors: `catalog-not-found`. */
export async function wantedCatalog(database: Database, key: CatalogKey): Promise<Catalog> {
  const catalog = await catalogOfKey(database, key);
  if (catalog === undefined) throw notFound('catalog-not-found', key.catalog);
  return catalog;
}

export async function changeCatalog(
  database: Database,
  key: CatalogKey,
  { tags, publisherSignature, certificateSubject }: Partial<CatalogValues>,
  stamp: Stamp,
): Promise<Catalog | undefined> {
  const row = await database
    .updateTable('catalogs')
    .set({
      ...(tags === undefined ? {} : { tags: JSON.stringify(tags) }),
      ...(publisherSignature === undefined ? {} : { publisher_signature: publisherSignature }),
      ...(certificateSubject === undefined ? {} : { certificate_subject: certificateSubject }),
      ...modifiedColumns(stamp),
    })
    .where('subscription_key', '=', nameKey(key.subscription))
    .where('resource_group_key', '=', nameKey(key.resourceGroup))
    .where('name_key', '=', nameKey(key.catalog))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : catalogOf(row);
}

export function productQuery(database: Database, catalogId: string, { product }: ProductKey) {
  return database
    .selectFrom('products')
    .selectAll()
    .where('catalog_id', '=', catalogId)
    .where('name_key', '=', nameKey(product));
}

/** Errors: `product-not-found`. */
export async function wantProduct(database: Database, catalogId: string, key: ProductKey): Promise<void> {
  const row = await productQuery(database, catalogId, key).executeTakeFirst();
  if (row === undefined) throw notFound('product-not-found', key.product);
}

export async function changeProduct(
  database: Database,
  key: ProductKey,
  columns: Partial<ProductRow>,
): Promise<Product | undefined> {
  const catalog = await catalogOfKey(database, key);
  if (catalog === undefined) return undefined;
  const row = await database
    .updateTable('products')
    .set(columns)
    .where('catalog_id', '=', catalog.id)
    .where('name_key', '=', nameKey(key.product))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : productOf(catalog.key, row);
}

/** All groups with the names of their products and their current deployments. */
export function groupsQuery(database: Database) {
  return database
    .selectFrom('device_groups')
    .innerJoin('products', (join) =>
      join
        .onRef('products.catalog_id', '=', 'device_groups.catalog_id')
        .onRef('products.name_key', '=', 'device_groups.product_key'),
    )
    .leftJoin('current_deployments', (join) =>
      join
        .onRef('current_deployments.catalog_id', '=', 'device_groups.catalog_id')
        .onRef('current_deployments.product_key', '=', 'device_groups.product_key')
        .onRef('current_deployments.device_group_key', '=', 'device_groups.name_key'),
    )
    .selectAll('device_groups')
    .select(['products.name as product_name', 'current_deployments.deployment_id']);
}

/** Those of one catalog. */
export function groupQuery(database: Database, catalogId: string) {
  return groupsQuery(database).where('device_groups.catalog_id', '=', catalogId);
}

export async function findGroup(database: Database, key: DeviceGroupKey): Promise<DeviceGroup | undefined> {
  const catalog = await catalogOfKey(database, key);
  if (catalog === undefined) return undefined;
  const row = await groupQuery(database, catalog.id)
    .where('device_groups.product_key', '=', nameKey(key.product))
    .where('device_groups.name_key', '=', nameKey(key.deviceGroup))
    .executeTakeFirst();
  return row === undefined ? undefined : deviceGroupOf(catalog.key, row);
}

export async function changeGroup(
  database: Database,
  key: DeviceGroupKey,
  columns: Partial<DeviceGroupRow>,
): Promise<DeviceGroup | undefined> {
  const catalog = await catalogOfKey(database, key);
  if (catalog === undefined) return undefined;
  const changed = await database
    .updateTable('device_groups')
    .set(columns)
    .where('catalog_id', '=', catalog.id)
    .where('product_key', '=', nameKey(key.product))
    .where('name_key', '=', nameKey(key.deviceGroup))
    .returning('name_key')
    .executeTakeFirst();
  return changed === undefined ? undefined : findGroup(database, key);
}

/** Those that are there already stay as they are. */
export async function insertGroups(
  database: Database,
  catalogId: string,
  { product }: ProductKey,
  groups: readonly { readonly name: ResourceName; readonly values: DeviceGroupValues }[],
  stamp: Stamp,
): Promise<void> {
  const rows = groups.map(({ name, values }) => ({
    catalog_id: catalogId,
    product_key: nameKey(product),
    ...nameColumns(name),
    ...groupColumns(values),
    ...createdColumns(stamp),
  }));
  await database
    .insertInto('device_groups')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The devices of a catalog that are in `scope`, with the names of their groups. */
export function deviceQuery(database: Database, catalogId: string, scope: DeviceScope) {
  return database
    .selectFrom('devices')
    .where((each) => inScope(each, scope))
    .leftJoin('device_groups', (join) =>
      join
        .onRef('device_groups.catalog_id', '=', 'devices.catalog_id')
        .onRef('device_groups.product_key', '=', 'devices.product_key')
        .onRef('device_groups.name_key', '=', 'devices.device_group_key'),
    )
    .leftJoin('products', (join) =>
      join
        .onRef('products.catalog_id', '=', 'devices.catalog_id')
        .onRef('products.name_key', '=', 'devices.product_key'),
    )
    .selectAll('devices')
    .select(['device_groups.name as group_name', 'products.name as product_name'])
    .where('devices.catalog_id', '=', catalogId);
}

export async function countDevices(database: Database, catalogId: string, scope: DeviceScope): Promise<number> {
  const { total } = await database
    .selectFrom('devices')
    .select(({ fn }) => fn.countAll().as('total'))
    .where('devices.catalog_id', '=', catalogId)
    .where((each) => inScope(each, scope))
    .executeTakeFirstOrThrow();
  return Number(total);
}

function inScope(
  each: ExpressionBuilder<Tables, 'devices'>,
  scope: DeviceScope,
): ExpressionWrapper<Tables, 'devices', SqlBool> {
  const all: ExpressionWrapper<Tables, 'devices', SqlBool>[] = [];
  if (scope.kind === 'ungrouped') all.push(each('devices.device_group_key', 'is', null));
  if (scope.kind === 'product' || scope.kind === 'group') {
    all.push(each('devices.product_key', '=', nameKey(scope.key.product)));
  }
  if (scope.kind === 'group') all.push(each('devices.device_group_key', '=', nameKey(scope.key.deviceGroup)));
  return each.and(all);
}

/** The catalog of a scope, when all that its key names is there. Errors: `catalog-not-found`, `product-not-found`, `device-group-not-found`. */
export async function wantedScope(database: Database, scope: DeviceScope): Promise<Catalog> {
  const catalog = await wantedCatalog(database, scope.key);
  if (scope.kind === 'product' || scope.kind === 'group') await wantProduct(database, catalog.id, scope.key);
  if (scope.kind === 'group' && (await findGroup(database, scope.key)) === undefined) {
    throw notFound('device-group-not-found', scope.key.deviceGroup);
  }
  return catalog;
}
