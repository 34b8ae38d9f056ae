// The service at a glance, over SQL. Never reads packages or metadata, and never more rows than the page shows.

import type { Selectable } from 'kysely';
import type { FleetOverview, OverviewList } from '../../contracts/wire/service-page.ts';
import { OVERVIEW_MAX_ROWS } from '../../contracts/wire/service-page.ts';
import type { Overview } from '../domain/overview.ts';
import type { Database } from './fleet-queries.ts';
import { groupsQuery } from './fleet-queries.ts';
import type { DeviceGroupRow } from './schema.ts';

export function sqlOverview(database: Database): Overview {
  return {
    async read() {
      return database.transaction().execute(async (transaction) => ({
        catalogs: await catalogs(transaction),
        deviceGroups: await deviceGroups(transaction),
        devices: await devices(transaction),
        images: await images(transaction),
      }));
    },
  };
}

/** One row more than is shown says that there are more. */
const LIMIT = OVERVIEW_MAX_ROWS + 1;

function listOf<Row, Item>(rows: readonly Row[], itemOf: (row: Row) => Item): OverviewList<Item> {
  return { items: rows.slice(0, OVERVIEW_MAX_ROWS).map(itemOf), isCut: rows.length > OVERVIEW_MAX_ROWS };
}

async function catalogs(database: Database): Promise<FleetOverview['catalogs']> {
  const rows = await database
    .selectFrom('catalogs')
    .select(['id', 'name', 'resource_group'])
    .orderBy('name_key')
    .orderBy('id')
    .limit(LIMIT)
    .execute();
  return listOf(rows, (row) => ({ id: row.id, name: row.name, resourceGroup: row.resource_group }));
}

async function deviceGroups(database: Database): Promise<FleetOverview['deviceGroups']> {
  const rows = await groupsQuery(database)
    .leftJoin('deployments', 'deployments.id', 'current_deployments.deployment_id')
    .select(['deployments.name as deployment_name', 'deployments.created_at as deployed_at'])
    .orderBy('device_groups.catalog_id')
    .orderBy('device_groups.product_key')
    .orderBy('device_groups.name_key')
    .limit(LIMIT)
    .execute();
  const counts = await deviceCounts(database);
  const titles = await imageTitles(
    database,
    rows.flatMap(({ deployment_id: id }) => id ?? []),
  );
  return listOf(rows, (row) => {
    const { deployment_id: id, deployment_name: name, deployed_at: createdAt } = row;
    const deployment =
      id === null || name === null || createdAt === null ? null : { name, createdAt, images: titles.get(id) ?? [] };
    return {
      catalogId: row.catalog_id,
      product: row.product_name,
      name: row.name,
      updatePolicy: row.update_policy,
      osFeedType: row.os_feed_type,
      devices: counts.get(groupPlace(row)) ?? 0,
      deployment,
    };
  });
}

function groupPlace({ catalog_id: catalog, product_key: product, name_key: name }: Selectable<DeviceGroupRow>): string {
  return JSON.stringify([catalog, product, name]);
}

async function deviceCounts(database: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await database
    .selectFrom('devices')
    .select(['catalog_id', 'product_key', 'device_group_key'])
    .select(({ fn }) => fn.countAll().as('total'))
    .groupBy(['catalog_id', 'product_key', 'device_group_key'])
    .execute();
  return new Map(
    rows.map((row) => [JSON.stringify([row.catalog_id, row.product_key, row.device_group_key]), Number(row.total)]),
  );
}

async function imageTitles(
  database: Database,
  deploymentIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const titles = new Map<string, string[]>();
  if (deploymentIds.length === 0) return titles;
  const rows = await database
    .selectFrom('deployment_images')
    .innerJoin('deployments', 'deployments.id', 'deployment_images.deployment_id')
    .innerJoin('images', (join) =>
      join
        .onRef('images.catalog_id', '=', 'deployments.catalog_id')
        .onRef('images.image_id', '=', 'deployment_images.image_id'),
    )
    .select(['deployment_images.deployment_id', 'images.name', 'images.version'])
    .where('deployment_images.deployment_id', 'in', deploymentIds)
    .orderBy('deployment_images.deployment_id')
    .orderBy('deployment_images.position')
    .execute();
  for (const { deployment_id: id, name, version } of rows) {
    titles.set(id, [...(titles.get(id) ?? []), `${name} ${version}`]);
  }
  return titles;
}

async function devices(database: Database): Promise<FleetOverview['devices']> {
  const rows = await database
    .selectFrom('devices')
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
    .leftJoin('deliveries', 'deliveries.device_id', 'devices.id')
    .select(['devices.id', 'devices.catalog_id', 'products.name as product_name', 'device_groups.name as group_name'])
    .select(['deliveries.title', 'deliveries.delivered_at'])
    .orderBy('devices.id')
    .limit(LIMIT)
    .execute();
  const ends = await certificateEnds(
    database,
    rows.map(({ id }) => id),
  );
  return listOf(rows, (row) => ({
    id: row.id,
    catalogId: row.catalog_id,
    product: row.product_name,
    deviceGroup: row.group_name,
    certificateExpiresAt: isoOf(ends.get(row.id)),
    lastUpdate: row.title === null || row.delivered_at === null ? null : { title: row.title, at: row.delivered_at },
  }));
}

/** When the last update certificate of each device ends, in milliseconds. */
async function certificateEnds(database: Database, deviceIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (deviceIds.length === 0) return new Map();
  const rows = await database
    .selectFrom('device_certificates')
    .select('device_id')
    .select(({ fn }) => fn.max('not_after_ms').as('ends'))
    .where('device_id', 'in', deviceIds)
    .where('use', '=', 'update')
    .groupBy('device_id')
    .execute();
  return new Map(rows.map((row) => [row.device_id, Number(row.ends)]));
}

function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

async function images(database: Database): Promise<FleetOverview['images']> {
  const rows = await database
    .selectFrom('images')
    .select(['image_id', 'catalog_id', 'name', 'version', 'rollback_index', 'size_bytes', 'added_at'])
    .where('deleted_at', 'is', null)
    .orderBy('added_at', 'desc')
    .orderBy('image_id')
    .limit(LIMIT)
    .execute();
  return listOf(rows, (row) => ({
    id: row.image_id,
    catalogId: row.catalog_id,
    name: row.name,
    version: row.version,
    rollbackIndex: row.rollback_index,
    sizeBytes: row.size_bytes,
    addedAt: row.added_at,
  }));
}
