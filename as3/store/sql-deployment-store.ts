// Deployments over SQL. Never leaves a group with a current deployment whose images are not all there.

import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { ImageId } from '../../contracts/core/ids.ts';
import type { Deployment, DeploymentStore, DevicePlan } from '../domain/deployment-store.ts';
import type { StoredImage } from '../domain/image-store.ts';
import { nameKey } from '../domain/resource-names.ts';
import type { ResourceName } from '../domain/resource-names.ts';
import type { Catalog, CatalogKey, DeviceGroupKey } from '../domain/resources.ts';
import { ServiceError } from '../domain/service-error.ts';
import { wantedScope } from './fleet-queries.ts';
import type { Database } from './fleet-queries.ts';
import { inPage, pageOf } from './paging.ts';
import { catalogOf } from './rows.ts';
import type { DeploymentRow } from './schema.ts';
import { IMAGE_FACTS, storedImageOf } from './sql-image-store.ts';

type Transaction = Database;

/** The store on an opened database whose tables are migrated. Errors beside those of each method: the database's. */
export function sqlDeploymentStore(database: Database): DeploymentStore {
  return {
    async addDeployment(group, { id, name, images }, stamp) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedScope(transaction, { kind: 'group', key: group });
        const [there] = await deploymentRows(transaction, catalog, group)
          .where('deployments.name_key', '=', nameKey(name))
          .execute();
        if (there !== undefined) {
          const item = await deploymentOf(transaction, catalog, there);
          const isSame =
            images.length === item.images.length && images.every((at, i) => at === item.images[i]?.imageId);
          if (isSame) return { item, isNew: false };
          throw new ServiceError('deployment-exists', `there is a deployment ${there.name} of other images`, {
            fault: 'caller',
            hint: 'a deployment is never changed; make one under another name, or under .default',
          });
        }
        await checkImages(transaction, catalog, images);
        const place = placeOf(catalog, group);
        await transaction
          .insertInto('deployments')
          .values({ id, ...place, name, name_key: nameKey(name), created_by: stamp.by, created_at: stamp.at })
          .execute();
        if (images.length > 0) {
          const rows = images.map((imageId, position) => ({ deployment_id: id, position, image_id: imageId }));
          await transaction.insertInto('deployment_images').values(rows).execute();
        }
        await transaction
          .insertInto('current_deployments')
          .values({ ...place, deployment_id: id })
          .onConflict((conflict) =>
            conflict.columns(['catalog_id', 'product_key', 'device_group_key']).doUpdateSet({ deployment_id: id }),
          )
          .execute();
        const row = await deploymentRows(transaction, catalog, group)
          .where('deployments.id', '=', id)
          .executeTakeFirstOrThrow();
        return { item: await deploymentOf(transaction, catalog, row), isNew: true };
      });
    },
    async currentDeployment(group) {
      const catalog = await wantedScope(database, { kind: 'group', key: group });
      const row = await deploymentRows(database, catalog, group)
        .where('deployments.id', 'in', database.selectFrom('current_deployments').select('deployment_id'))
        .executeTakeFirst();
      return row === undefined ? undefined : deploymentOf(database, catalog, row);
    },
    async findDeployment(group, name) {
      const catalog = await wantedScope(database, { kind: 'group', key: group });
      const row = await named(database, catalog, group, name);
      return row === undefined ? undefined : deploymentOf(database, catalog, row);
    },
    async listDeployments(of, page) {
      const isGroup = 'deviceGroup' in of;
      const catalog = await wantedScope(database, isGroup ? { kind: 'group', key: of } : { kind: 'catalog', key: of });
      const place = sql<string>`deployments.created_at || '/' || deployments.id`;
      const query = deploymentRows(database, catalog, isGroup ? of : undefined).select(place.as('place'));
      const rows = await inPage(query, place, page).execute();
      const items = await Promise.all(
        rows.map(async (row) => ({ ...row, item: await deploymentOf(database, catalog, row) })),
      );
      return pageOf(items, page, ({ item }) => item);
    },
    async deleteDeployment(group, name) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedScope(transaction, { kind: 'group', key: group });
        const row = await named(transaction, catalog, group, name);
        if (row === undefined) return false;
        await transaction.deleteFrom('deployments').where('id', '=', row.id).execute();
        return true;
      });
    },

    async planOf(device) {
      return database.transaction().execute(async (transaction) => planOf(transaction, device));
    },
  };
}

async function planOf(database: Transaction, device: string): Promise<DevicePlan | undefined> {
  const found = await database
    .selectFrom('devices')
    .innerJoin('catalogs', 'catalogs.id', 'devices.catalog_id')
    .selectAll('catalogs')
    .select(['devices.product_key', 'devices.device_group_key'])
    .where('devices.id', '=', device)
    .executeTakeFirst();
  if (found === undefined) return undefined;
  const catalog = catalogOf(found);
  const { product_key: product, device_group_key: group } = found;
  if (product === null || group === null) {
    return { catalogId: catalog.id, updatePolicy: undefined, deployment: undefined };
  }
  const row = await database
    .selectFrom('device_groups')
    .leftJoin('current_deployments', (join) =>
      join
        .onRef('current_deployments.catalog_id', '=', 'device_groups.catalog_id')
        .onRef('current_deployments.product_key', '=', 'device_groups.product_key')
        .onRef('current_deployments.device_group_key', '=', 'device_groups.name_key'),
    )
    .select(['device_groups.update_policy', 'current_deployments.deployment_id'])
    .where('device_groups.catalog_id', '=', catalog.id)
    .where('device_groups.product_key', '=', product)
    .where('device_groups.name_key', '=', group)
    .executeTakeFirstOrThrow();
  const { update_policy: updatePolicy, deployment_id: id } = row;
  if (id === null) return { catalogId: catalog.id, updatePolicy, deployment: undefined };
  const images = (await imagesOf(database, catalog, id)).flatMap(({ image }) => image ?? []);
  return { catalogId: catalog.id, updatePolicy, deployment: { id, images } };
}

function placeOf(catalog: Catalog, { product, deviceGroup }: DeviceGroupKey) {
  return { catalog_id: catalog.id, product_key: nameKey(product), device_group_key: nameKey(deviceGroup) };
}

/** With the names of product and group as they were first written. */
type NamedDeploymentRow = Selectable<DeploymentRow> & { readonly product_name: string; readonly group_name: string };

function deploymentRows(database: Database, catalog: Catalog, group: DeviceGroupKey | undefined) {
  const rows = database
    .selectFrom('deployments')
    .innerJoin('device_groups', (join) =>
      join
        .onRef('device_groups.catalog_id', '=', 'deployments.catalog_id')
        .onRef('device_groups.product_key', '=', 'deployments.product_key')
        .onRef('device_groups.name_key', '=', 'deployments.device_group_key'),
    )
    .innerJoin('products', (join) =>
      join
        .onRef('products.catalog_id', '=', 'deployments.catalog_id')
        .onRef('products.name_key', '=', 'deployments.product_key'),
    )
    .selectAll('deployments')
    .select(['products.name as product_name', 'device_groups.name as group_name'])
    .where('deployments.catalog_id', '=', catalog.id);
  if (group === undefined) return rows;
  return rows
    .where('deployments.product_key', '=', nameKey(group.product))
    .where('deployments.device_group_key', '=', nameKey(group.deviceGroup));
}

/** A name counts before an id: an operator may have named one deployment by the id of another. */
async function named(
  database: Database,
  catalog: Catalog,
  group: DeviceGroupKey,
  name: string,
): Promise<NamedDeploymentRow | undefined> {
  const rows = deploymentRows(database, catalog, group);
  const byName = await rows.where('deployments.name_key', '=', nameKey(name)).executeTakeFirst();
  return byName ?? (await rows.where('deployments.id', '=', name.toLowerCase()).executeTakeFirst());
}

async function deploymentOf(database: Database, catalog: Catalog, row: NamedDeploymentRow): Promise<Deployment> {
  const group: CatalogKey & DeviceGroupKey = {
    ...catalog.key,
    product: row.product_name as ResourceName,
    deviceGroup: row.group_name as ResourceName,
  };
  const images = await imagesOf(database, catalog, row.id);
  return { group, id: row.id, name: row.name, images, created: { by: row.created_by, at: row.created_at } };
}

async function imagesOf(
  database: Database,
  catalog: Catalog,
  deploymentId: string,
): Promise<readonly { readonly imageId: ImageId; readonly image: StoredImage | undefined }[]> {
  const members = await database
    .selectFrom('deployment_images')
    .select('image_id')
    .where('deployment_id', '=', deploymentId)
    .orderBy('position')
    .execute();
  const ids = members.map(({ image_id: imageId }) => imageId);
  const images = await storedImages(database, catalog, ids);
  return ids.map((id) => ({ imageId: id as ImageId, image: images.get(id) }));
}

async function storedImages(
  database: Database,
  catalog: Catalog,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredImage>> {
  if (ids.length === 0) return new Map();
  const rows = await database
    .selectFrom('images')
    .select(IMAGE_FACTS)
    .where('catalog_id', '=', catalog.id)
    .where('image_id', 'in', ids)
    .where('deleted_at', 'is', null)
    .execute();
  return new Map(rows.map((row) => [row.image_id, storedImageOf(catalog.key, row)]));
}

async function checkImages(database: Database, catalog: Catalog, ids: readonly ImageId[]): Promise<void> {
  const images = await storedImages(database, catalog, ids);
  const components = new Set<string>();
  for (const id of ids) {
    const image = images.get(id);
    if (image === undefined) {
      throw new ServiceError('deployment-image-unknown', `the catalog has no image ${id}`, {
        fault: 'caller',
        hint: 'upload it first',
        details: { target: id },
      });
    }
    if (components.has(image.componentId)) {
      throw new ServiceError('deployment-component-twice', `two images of component ${image.componentId}`, {
        fault: 'caller',
        hint: 'a device runs one version of an app',
        details: { target: id },
      });
    }
    components.add(image.componentId);
  }
}
