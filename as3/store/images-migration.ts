// The tables of publisher keys, images, deployments, directors and reports: the step `0003-images`. It was released with the tables
// that it makes, and like every step it is never changed.

import type { Migration } from 'kysely/migration';

export const imagesMigration: Migration = {
  async up({ schema }) {
    await schema
      .alterTable('catalogs')
      .addColumn('publisher_signature', 'text', (column) => column.notNull().defaultTo('Required'))
      .execute();
    await schema
      .createTable('publisher_keys')
      .addColumn('catalog_id', 'text', (column) =>
        column.primaryKey().notNull().references('catalogs.id').onDelete('cascade'),
      )
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('public_key', 'text', (column) => column.notNull())
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('modified_by', 'text', (column) => column.notNull())
      .addColumn('modified_at', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('images')
      .addColumn('catalog_id', 'text', (column) => column.notNull().references('catalogs.id').onDelete('cascade'))
      .addColumn('image_id', 'text', (column) => column.notNull())
      .addColumn('component_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('rollback_index', 'bigint', (column) => column.notNull())
      .addColumn('size_bytes', 'integer', (column) => column.notNull())
      .addColumn('package_digest', 'text', (column) => column.notNull())
      .addColumn('signed_digest', 'text', (column) => column.notNull())
      .addColumn('publisher_key_id', 'text')
      .addColumn('regional_data_boundary', 'text', (column) => column.notNull())
      .addColumn('package', 'blob')
      .addColumn('added_by', 'text', (column) => column.notNull())
      .addColumn('added_at', 'text', (column) => column.notNull())
      .addColumn('deleted_by', 'text')
      .addColumn('deleted_at', 'text')
      .addPrimaryKeyConstraint('images_by_id', ['catalog_id', 'image_id'])
      .execute();
    await schema
      .createTable('deployments')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('catalog_id', 'text', (column) => column.notNull())
      .addColumn('product_key', 'text', (column) => column.notNull())
      .addColumn('device_group_key', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('name_key', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addUniqueConstraint('deployments_by_name', ['catalog_id', 'product_key', 'device_group_key', 'name_key'])
      .addForeignKeyConstraint(
        'deployments_of_group',
        ['catalog_id', 'product_key', 'device_group_key'],
        'device_groups',
        ['catalog_id', 'product_key', 'name_key'],
        (constraint) => constraint.onDelete('cascade'),
      )
      .execute();
    await schema
      .createTable('deployment_images')
      .addColumn('deployment_id', 'text', (column) => column.notNull().references('deployments.id').onDelete('cascade'))
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('image_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('deployment_images_by_position', ['deployment_id', 'position'])
      .execute();
    // A group has one current deployment or none, whatever its history says.
    await schema
      .createTable('current_deployments')
      .addColumn('catalog_id', 'text', (column) => column.notNull())
      .addColumn('product_key', 'text', (column) => column.notNull())
      .addColumn('device_group_key', 'text', (column) => column.notNull())
      .addColumn('deployment_id', 'text', (column) => column.notNull().references('deployments.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('current_deployments_by_group', ['catalog_id', 'product_key', 'device_group_key'])
      .execute();
    // No reference to the device: its versions may never go back, whatever becomes of its row.
    await schema
      .createTable('director_issues')
      .addColumn('device_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('content_digest', 'text', (column) => column.notNull())
      .addColumn('expires_ms', 'bigint', (column) => column.notNull())
      .addColumn('timestamp_text', 'text', (column) => column.notNull())
      .addColumn('snapshot_text', 'text', (column) => column.notNull())
      .addColumn('targets_text', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('deliveries')
      .addColumn('device_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('image_id', 'text', (column) => column.notNull())
      .addColumn('title', 'text', (column) => column.notNull())
      .addColumn('delivered_at', 'text', (column) => column.notNull())
      .execute();
    await schema
      .createTable('insights')
      .addColumn('device_id', 'text', (column) => column.notNull())
      .addColumn('event_id', 'text', (column) => column.notNull())
      .addColumn('catalog_id', 'text', (column) => column.notNull().references('catalogs.id').onDelete('cascade'))
      .addColumn('category', 'text', (column) => column.notNull())
      .addColumn('component_id', 'text', (column) => column.notNull())
      .addColumn('image_id', 'text', (column) => column.notNull())
      .addColumn('detail', 'text', (column) => column.notNull())
      .addColumn('event_count', 'bigint', (column) => column.notNull())
      .addColumn('start_seconds', 'bigint', (column) => column.notNull())
      .addColumn('end_seconds', 'bigint', (column) => column.notNull())
      .addColumn('received_at', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('insights_by_event', ['device_id', 'event_id'])
      .execute();
    await schema.createIndex('insights_by_catalog').on('insights').columns(['catalog_id', 'received_at']).execute();
    await schema
      .createIndex('deployments_by_age')
      .on('deployments')
      .columns(['catalog_id', 'created_at', 'id'])
      .execute();
  },
};
