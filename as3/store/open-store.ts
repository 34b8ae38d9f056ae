// Opens the store that an address names, with its tables in their newest form. Never makes the folder of a store: a mistyped
// address must not become an empty fleet somewhere.

import { Kysely } from 'kysely';
import type { AttestationStore } from '../domain/attestation-store.ts';
import type { DeploymentStore } from '../domain/deployment-store.ts';
import type { DirectorStore } from '../domain/director-store.ts';
import type { ImageStore } from '../domain/image-store.ts';
import type { InsightStore } from '../domain/insight-store.ts';
import type { ManagementStore } from '../domain/management-store.ts';
import type { Overview } from '../domain/overview.ts';
import { ServiceError } from '../domain/service-error.ts';
import type { Migrations } from './migrations.ts';
import { MIGRATIONS, migrate } from './migrations.ts';
import type { Tables } from './schema.ts';
import { sqlAttestationStore } from './sql-attestation-store.ts';
import { sqlDeploymentStore } from './sql-deployment-store.ts';
import { sqlDirectorStore } from './sql-director-store.ts';
import { sqlImageStore } from './sql-image-store.ts';
import { sqlInsightStore } from './sql-insight-store.ts';
import { sqlManagementStore } from './sql-management-store.ts';
import { sqlOverview } from './sql-overview.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

export interface OpenStore {
  readonly management: ManagementStore;
  readonly attestation: AttestationStore;
  readonly images: ImageStore;
  readonly deployments: DeploymentStore;
  readonly directors: DirectorStore;
  readonly insights: InsightStore;
  readonly overview: Overview;
  readonly close: () => Promise<void>;
}

const SQLITE = 'sqlite:';

/** `address`: `sqlite:FILE`. Errors: `store-address-malformed`, `store-unusable`, `store-too-new`, `store-busy`. */
export async function openStore(address: string, migrations: Migrations = MIGRATIONS): Promise<OpenStore> {
  const file = address.startsWith(SQLITE) ? address.slice(SQLITE.length) : '';
  // SQLite takes these two as databases that are gone when the process ends.
  if (file === '' || file === ':memory:' || file.startsWith('file:')) {
    throw new ServiceError('store-address-malformed', `${address} is not the address of a store`, {
      fault: 'caller',
      hint: 'sqlite:FILE, for instance sqlite:.casemate/service.db',
    });
  }
  const database = new Kysely<Tables>({ dialect: sqliteDialect(file) });
  try {
    await migrate(database, migrations);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return {
    management: sqlManagementStore(database),
    attestation: sqlAttestationStore(database),
    images: sqlImageStore(database),
    deployments: sqlDeploymentStore(database),
    directors: sqlDirectorStore(database),
    insights: sqlInsightStore(database),
    overview: sqlOverview(database),
    close: () => database.destroy(),
  };
}
