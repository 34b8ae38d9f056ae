// The tables of endorsing, claiming and attesting, as Kysely sees them and as a migration makes them. Never a private key or a
// whole token: what is kept is what later evidence is judged by.

import type { Migration } from 'kysely/migration';
import type { CertificateUse } from '../domain/attestation-store.ts';

/** Digests, seeds and statements are lower-case hex. */
export interface AttestationTables {
  endorsements: { device_id: string; board: string; factory_key_id: string; endorsed_at: string };
  /** The last accepted evidence of a device. */
  last_boots: { device_id: string; boot_count: number; boot_seed: string };
  claim_statements: { device_id: string; statement: string };
  spent_nonces: { digest: string; expires_ms: number };
  device_certificates: {
    serial: string;
    device_id: string;
    catalog_id: string;
    use: CertificateUse;
    not_after_ms: number;
  };
}

export const attestationMigration: Migration = {
  async up(database) {
    await database.schema
      .alterTable('catalogs')
      .addColumn('certificate_subject', 'text', (column) => column.notNull().defaultTo('Short'))
      .execute();
    await database.schema
      .createTable('endorsements')
      .addColumn('device_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('board', 'text', (column) => column.notNull())
      .addColumn('factory_key_id', 'text', (column) => column.notNull())
      .addColumn('endorsed_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createTable('last_boots')
      .addColumn('device_id', 'text', (column) => column.primaryKey().notNull().references('endorsements.device_id'))
      .addColumn('boot_count', 'bigint', (column) => column.notNull())
      .addColumn('boot_seed', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createTable('claim_statements')
      .addColumn('device_id', 'text', (column) => column.primaryKey().notNull().references('devices.id'))
      .addColumn('statement', 'text', (column) => column.notNull())
      .execute();
    // Its key is what refuses a nonce that comes again, in whichever process of the service.
    await database.schema
      .createTable('spent_nonces')
      .addColumn('digest', 'text', (column) => column.primaryKey().notNull())
      .addColumn('expires_ms', 'bigint', (column) => column.notNull())
      .execute();
    await database.schema
      .createTable('device_certificates')
      .addColumn('serial', 'text', (column) => column.primaryKey().notNull())
      .addColumn('device_id', 'text', (column) => column.notNull().references('devices.id'))
      .addColumn('catalog_id', 'text', (column) => column.notNull())
      .addColumn('use', 'text', (column) => column.notNull())
      .addColumn('not_after_ms', 'bigint', (column) => column.notNull())
      .execute();
    for (const [table, column] of [
      ['spent_nonces', 'expires_ms'],
      ['device_certificates', 'not_after_ms'],
    ] as const) {
      await database.schema.createIndex(`${table}_by_end`).on(table).column(column).execute();
    }
  },
};

/** The step `0004-certificates-by-device`: a device's older records are looked for each time that it attests. */
export const certificatesMigration: Migration = {
  async up(database) {
    await database.schema
      .createIndex('device_certificates_by_device')
      .on('device_certificates')
      .columns(['device_id', 'use', 'not_after_ms'])
      .execute();
  },
};
