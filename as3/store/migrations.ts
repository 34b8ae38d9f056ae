// How the tables came to be, step by step. A step that was released is never changed and never loses a row: a later one
// follows it.

import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { Migrator } from 'kysely/migration';
import { ServiceError } from '../domain/service-error.ts';
import { attestationMigration, certificatesMigration } from './attestation-schema.ts';
import { imagesMigration } from './images-migration.ts';
import type { Tables } from './schema.ts';

/** By names that sort in the order of their release. */
export type Migrations = Readonly<Record<string, Migration>>;

export const MIGRATIONS: Migrations = {
  '0001-fleet': {
    async up(database) {
      await database.schema
        .createTable('catalogs')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('subscription', 'text', (column) => column.notNull())
        .addColumn('subscription_key', 'text', (column) => column.notNull())
        .addColumn('resource_group', 'text', (column) => column.notNull())
        .addColumn('resource_group_key', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('name_key', 'text', (column) => column.notNull())
        .addColumn('tags', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('modified_by', 'text', (column) => column.notNull())
        .addColumn('modified_at', 'text', (column) => column.notNull())
        .addUniqueConstraint('catalogs_by_name', ['subscription_key', 'resource_group_key', 'name_key'])
        .execute();
      await database.schema
        .createTable('products')
        .addColumn('catalog_id', 'text', (column) => column.notNull().references('catalogs.id').onDelete('restrict'))
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('name_key', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('modified_by', 'text', (column) => column.notNull())
        .addColumn('modified_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('products_by_name', ['catalog_id', 'name_key'])
        .execute();
      await database.schema
        .createTable('device_groups')
        .addColumn('catalog_id', 'text', (column) => column.notNull())
        .addColumn('product_key', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('name_key', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('os_feed_type', 'text', (column) => column.notNull())
        .addColumn('update_policy', 'text', (column) => column.notNull())
        .addColumn('allow_crash_dumps_collection', 'text', (column) => column.notNull())
        .addColumn('regional_data_boundary', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addColumn('modified_by', 'text', (column) => column.notNull())
        .addColumn('modified_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('device_groups_by_name', ['catalog_id', 'product_key', 'name_key'])
        .addForeignKeyConstraint(
          'device_groups_of_product',
          ['catalog_id', 'product_key'],
          'products',
          ['catalog_id', 'name_key'],
          (constraint) => constraint.onDelete('cascade'),
        )
        .execute();
      // A device is in a group of its own catalog, or in none: the group's key holds the catalog.
      await database.schema
        .createTable('devices')
        .addColumn('id', 'text', (column) => column.primaryKey().notNull())
        .addColumn('catalog_id', 'text', (column) => column.notNull().references('catalogs.id').onDelete('restrict'))
        .addColumn('product_key', 'text')
        .addColumn('device_group_key', 'text')
        .addForeignKeyConstraint(
          'devices_of_group',
          ['catalog_id', 'product_key', 'device_group_key'],
          'device_groups',
          ['catalog_id', 'product_key', 'name_key'],
          (constraint) => constraint.onDelete('restrict'),
        )
        .execute();
      await database.schema
        .createIndex('devices_by_group')
        .on('devices')
        .columns(['catalog_id', 'product_key', 'device_group_key', 'id'])
        .execute();
    },
  },
  '0002-attestation': attestationMigration,
  '0003-images': imagesMigration,
  '0004-certificates-by-device': certificatesMigration,
};

/**
 * Brings the tables to the newest form, in one transaction: of two processes that start at once one migrates and the other
 * finds it done, and a step that fails leaves the store as it was. Errors: `store-too-new`, and the database's.
 */
export async function migrate(database: Kysely<Tables>, migrations: Migrations = MIGRATIONS): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const migrator = new Migrator({ db: transaction, provider: { getMigrations: async () => ({ ...migrations }) } });
    const known = new Set(Object.keys(migrations));
    const done = await doneIn(transaction);
    const unknown = done.filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new ServiceError('store-too-new', `the store was written by a later version (${unknown.join(', ')})`, {
        fault: 'caller',
        hint: 'start the version that wrote it, or a later one',
      });
    }
    const { error } = await migrator.migrateToLatest();
    if (error instanceof Error) throw error;
    if (error !== undefined) throw new ServiceError('store-unusable', 'a migration failed', { cause: error });
  });
}

/** The names of the steps that this store has behind it. */
async function doneIn(database: Kysely<Tables>): Promise<readonly string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const rows = await database
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute();
  return rows.map(({ name }) => name);
}
