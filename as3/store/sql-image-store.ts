// Publisher keys and images over SQL. Never reads a package where only its facts are wanted.

import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { bytesToHex, hexToBytes } from '../../contracts/core/ids.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import type { ImageRecord, ImageStore, PublisherKey, StoredImage } from '../domain/image-store.ts';
import { nameKey } from '../domain/resource-names.ts';
import type { CatalogKey, Stamp } from '../domain/resources.ts';
import { ServiceError } from '../domain/service-error.ts';
import { wantedCatalog } from './fleet-queries.ts';
import type { Database } from './fleet-queries.ts';
import { inPage, pageOf } from './paging.ts';
import { createdColumns, modifiedColumns, stampsOf } from './rows.ts';
import type { ImageRow, PublisherKeyRow } from './schema.ts';

/** All but the package. */
export const IMAGE_FACTS = [
  'images.image_id',
  'images.component_id',
  'images.name',
  'images.version',
  'images.rollback_index',
  'images.size_bytes',
  'images.package_digest',
  'images.signed_digest',
  'images.publisher_key_id',
  'images.regional_data_boundary',
  'images.added_by',
  'images.added_at',
] as const;
export type ImageFacts = Omit<Selectable<ImageRow>, 'catalog_id' | 'package' | 'deleted_by' | 'deleted_at'>;

export function storedImageOf(catalog: CatalogKey, row: ImageFacts): StoredImage {
  return {
    catalog,
    imageId: row.image_id as ImageId,
    componentId: row.component_id as ComponentId,
    name: row.name,
    version: row.version,
    rollbackIndex: row.rollback_index,
    sizeBytes: row.size_bytes,
    packageDigest: hexToBytes(row.package_digest),
    signedDigest: hexToBytes(row.signed_digest),
    publisherKeyId: row.publisher_key_id === null ? undefined : hexToBytes(row.publisher_key_id),
    regionalDataBoundary: row.regional_data_boundary,
    added: { by: row.added_by, at: row.added_at },
  };
}

/** The store on an opened database whose tables are migrated. Errors beside those of each method: the database's. */
export function sqlImageStore(database: Database): ImageStore {
  return {
    async publisherPolicy(key) {
      const catalog = await wantedCatalog(database, key);
      const row = await keyRow(database, catalog.id);
      const isRequired = catalog.publisherSignature === 'Required';
      return { isRequired, key: row === undefined ? undefined : publisherKeyOf(row) };
    },
    async writePublisherKey(key, { name, publicKey, keyId }, stamp) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        const there = await keyRow(transaction, catalog.id);
        const columns = { name, public_key: bytesToHex(publicKey), key_id: bytesToHex(keyId) };
        if (there === undefined) {
          const row = await transaction
            .insertInto('publisher_keys')
            .values({ catalog_id: catalog.id, ...columns, ...createdColumns(stamp) })
            .returningAll()
            .executeTakeFirstOrThrow();
          return { item: publisherKeyOf(row), isNew: true };
        }
        const isSame = there.public_key === columns.public_key && nameKey(there.name) === nameKey(name);
        if (isSame) return { item: publisherKeyOf(there), isNew: false };
        if (await isBound(transaction, catalog.id)) throw keyInUse(there.name);
        const row = await transaction
          .updateTable('publisher_keys')
          .set({ ...columns, ...modifiedColumns(stamp) })
          .where('catalog_id', '=', catalog.id)
          .returningAll()
          .executeTakeFirstOrThrow();
        return { item: publisherKeyOf(row), isNew: false };
      });
    },

    async addImage(key, image, packageBytes, stamp) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        const there = await imageRow(transaction, catalog.id, image.imageId);
        const lacksPublisher = image.publisherKeyId !== undefined && there?.publisher_key_id === null;
        if (there !== undefined && there.deleted_at === null && !lacksPublisher) {
          return { item: storedImageOf(catalog.key, there), isNew: false };
        }
        const columns = { ...imageColumns(image, stamp), package: packageBytes, deleted_by: null, deleted_at: null };
        await transaction
          .insertInto('images')
          .values({ catalog_id: catalog.id, image_id: image.imageId, ...columns })
          .onConflict((conflict) => conflict.columns(['catalog_id', 'image_id']).doUpdateSet(columns))
          .execute();
        const isNew = there === undefined || there.deleted_at !== null;
        return { item: { ...image, catalog: catalog.key, added: stamp }, isNew };
      });
    },
    async findImage(key, imageId) {
      const catalog = await wantedCatalog(database, key);
      const row = await imageRow(database, catalog.id, imageId);
      return row === undefined || row.deleted_at !== null ? undefined : storedImageOf(catalog.key, row);
    },
    async readPackage(key, imageId) {
      const catalog = await wantedCatalog(database, key);
      const row = await database
        .selectFrom('images')
        .select('package')
        .where('catalog_id', '=', catalog.id)
        .where('image_id', '=', imageId)
        .where('deleted_at', 'is', null)
        .executeTakeFirst();
      return row?.package ?? undefined;
    },
    async listImages(key, page) {
      const catalog = await wantedCatalog(database, key);
      const query = database
        .selectFrom('images')
        .select(IMAGE_FACTS)
        .select('image_id as place')
        .where('catalog_id', '=', catalog.id)
        .where('deleted_at', 'is', null);
      const rows = await inPage(query, sql<string>`image_id`, page).execute();
      return pageOf(rows, page, (row) => storedImageOf(catalog.key, row));
    },
    async deleteImage(key, imageId, stamp) {
      return database.transaction().execute(async (transaction) => {
        const catalog = await wantedCatalog(transaction, key);
        const there = await imageRow(transaction, catalog.id, imageId);
        if (there === undefined || there.deleted_at !== null) return false;
        const deployed = await transaction
          .selectFrom('current_deployments')
          .innerJoin('deployment_images', 'deployment_images.deployment_id', 'current_deployments.deployment_id')
          .innerJoin('device_groups', (join) =>
            join
              .onRef('device_groups.catalog_id', '=', 'current_deployments.catalog_id')
              .onRef('device_groups.product_key', '=', 'current_deployments.product_key')
              .onRef('device_groups.name_key', '=', 'current_deployments.device_group_key'),
          )
          .select('device_groups.name')
          .where('current_deployments.catalog_id', '=', catalog.id)
          .where('deployment_images.image_id', '=', imageId)
          .executeTakeFirst();
        if (deployed !== undefined) {
          throw new ServiceError('image-deployed', `device group ${deployed.name} runs this image`, {
            fault: 'caller',
            hint: 'deploy another one there first',
          });
        }
        await transaction
          .updateTable('images')
          .set({ package: null, deleted_by: stamp.by, deleted_at: stamp.at })
          .where('catalog_id', '=', catalog.id)
          .where('image_id', '=', imageId)
          .execute();
        return true;
      });
    },
    async signedApps(catalogId) {
      const rows = await database
        .selectFrom('images')
        .select(['component_id', 'signed_digest', 'rollback_index'])
        .where('catalog_id', '=', catalogId)
        .execute();
      return rows.map((row) => ({
        componentId: row.component_id as ComponentId,
        signedDigest: hexToBytes(row.signed_digest),
        rollbackIndex: row.rollback_index,
      }));
    },
  };
}

function keyRow(database: Database, catalogId: string): Promise<Selectable<PublisherKeyRow> | undefined> {
  return database.selectFrom('publisher_keys').selectAll().where('catalog_id', '=', catalogId).executeTakeFirst();
}

/** A device of the catalog takes apps of the one publisher it was claimed with, and an image has the signature that it has. */
async function isBound(database: Database, catalogId: string): Promise<boolean> {
  const device = await database
    .selectFrom('devices')
    .select('id')
    .where('catalog_id', '=', catalogId)
    .executeTakeFirst();
  const image = await database
    .selectFrom('images')
    .select('image_id')
    .where('catalog_id', '=', catalogId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return device !== undefined || image !== undefined;
}

function keyInUse(name: string): ServiceError {
  return new ServiceError('publisher-key-in-use', `devices or images of the catalog are bound to the key ${name}`, {
    fault: 'caller',
    hint: 'a publisher key cannot be changed once it is used; make another catalog',
  });
}

function publisherKeyOf(row: Selectable<PublisherKeyRow>): PublisherKey {
  return {
    name: row.name,
    publicKey: hexToBytes(row.public_key),
    keyId: hexToBytes(row.key_id),
    ...stampsOf(row),
  };
}

function imageRow(database: Database, catalogId: string, imageId: ImageId) {
  return database
    .selectFrom('images')
    .select(IMAGE_FACTS)
    .select('deleted_at')
    .where('catalog_id', '=', catalogId)
    .where('image_id', '=', imageId)
    .executeTakeFirst();
}

function imageColumns(image: ImageRecord, stamp: Stamp): Omit<ImageFacts, 'image_id'> {
  return {
    component_id: image.componentId,
    name: image.name,
    version: image.version,
    rollback_index: image.rollbackIndex,
    size_bytes: image.sizeBytes,
    package_digest: bytesToHex(image.packageDigest),
    signed_digest: bytesToHex(image.signedDigest),
    publisher_key_id: image.publisherKeyId === undefined ? null : bytesToHex(image.publisherKeyId),
    regional_data_boundary: image.regionalDataBoundary,
    added_by: stamp.by,
    added_at: stamp.at,
  };
}
