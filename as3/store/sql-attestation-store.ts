// The attestation store over SQL, by Kysely, in statements that SQLite and PostgreSQL both have. Never writes half of an accepted
// token: nonce, boot, certificates and statement are one transaction.

import type { DeviceId } from '../../contracts/core/ids.ts';
import { bytesToHex, hexToBytes } from '../../contracts/core/ids.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import type {
  Acceptance,
  AcceptedEvidence,
  AttestationStore,
  ClaimPlace,
  DeviceStanding,
} from '../domain/attestation-store.ts';
import { CERTIFICATES_KEPT } from '../domain/attestation-store.ts';
import { nameKey } from '../domain/resource-names.ts';
import { ServiceError, claimedElsewhere } from '../domain/service-error.ts';
import type { AttestationTables } from './attestation-schema.ts';
import type { Database } from './fleet-queries.ts';
import { wantedScope } from './fleet-queries.ts';
import { catalogOf } from './rows.ts';

/** The store on an opened database whose tables are migrated. Errors beside those of each method: the database's. */
export function sqlAttestationStore(database: Database): AttestationStore {
  return {
    async addEndorsements(devices, { factoryKeyId, at }) {
      return database.transaction().execute(async (transaction) => {
        let added = 0;
        for (const { deviceId, board } of devices) {
          const row = await transaction
            .insertInto('endorsements')
            .values({ device_id: deviceId, board, factory_key_id: factoryKeyId, endorsed_at: at })
            .onConflict((conflict) => conflict.column('device_id').doNothing())
            .returning('device_id')
            .executeTakeFirst();
          if (row !== undefined) added += 1;
        }
        return { added, known: devices.length - added };
      });
    },

    async standing(deviceId) {
      // One moment for all that it says.
      return database.transaction().execute(async (transaction) => standingOf(transaction, deviceId));
    },

    async acceptAttestation(evidence, seen, { certificates, statement }) {
      return database.transaction().execute(async (transaction) => {
        const outcome = await accept(transaction, evidence, seen);
        if (outcome !== 'accepted') return outcome;
        const { deviceId, nowMs } = evidence;
        const catalogId = seen.claim?.catalogId;
        if (catalogId === undefined) return 'stale';
        await transaction.deleteFrom('device_certificates').where('not_after_ms', '<', nowMs).execute();
        const rows = certificates.map(({ serial, use, notAfterMs }) => {
          return { serial, device_id: deviceId, catalog_id: catalogId, use, not_after_ms: notAfterMs };
        });
        await transaction.insertInto('device_certificates').values(rows).execute();
        for (const row of rows) await dropOlder(transaction, row);
        const written = { device_id: deviceId, statement: bytesToHex(statement) };
        await transaction
          .insertInto('claim_statements')
          .values(written)
          .onConflict((conflict) => conflict.column('device_id').doUpdateSet({ statement: written.statement }))
          .execute();
        return 'accepted';
      });
    },

    async claimByEvidence(into, evidence, seen) {
      return database.transaction().execute(async (transaction) => {
        const { id } = await wantedScope(transaction, into);
        const isNew = await isUnclaimed(transaction, id, evidence.deviceId);
        const outcome = await accept(transaction, evidence, seen);
        if (outcome === 'accepted') await put(transaction, into, id, [evidence.deviceId]);
        return { outcome, isNew };
      });
    },

    async claimEndorsed(into, deviceIds, factoryKeyId) {
      return database.transaction().execute(async (transaction) => {
        const { id: catalogId } = await wantedScope(transaction, into);
        const [claimed, moved]: [DeviceId[], DeviceId[]] = [[], []];
        for (const deviceId of deviceIds) {
          if (!(await isEndorsed(transaction, deviceId, factoryKeyId))) {
            throw new ServiceError(
              'device-not-endorsed',
              'this factory has not endorsed this device, or another one had before',
              {
                fault: 'caller',
                details: { deviceId },
              },
            );
          }
          const isNew = await isUnclaimed(transaction, catalogId, deviceId);
          (isNew ? claimed : moved).push(deviceId);
        }
        await put(transaction, into, catalogId, deviceIds);
        return { claimed, moved, catalogId };
      });
    },

    async moveDevice(into, deviceId) {
      return database.transaction().execute(async (transaction) => {
        const { id } = await wantedScope(transaction, into);
        const row = await transaction
          .updateTable('devices')
          .set(groupColumns(into))
          .where('id', '=', deviceId)
          .where('catalog_id', '=', id)
          .returning('id')
          .executeTakeFirst();
        return row !== undefined;
      });
    },

    async holderOf(serial, use) {
      const row = await database
        .selectFrom('device_certificates')
        .innerJoin('devices', (join) =>
          join
            .onRef('devices.id', '=', 'device_certificates.device_id')
            .onRef('devices.catalog_id', '=', 'device_certificates.catalog_id'),
        )
        .select(['device_certificates.device_id', 'device_certificates.catalog_id'])
        .where('serial', '=', serial)
        .where('use', '=', use)
        .executeTakeFirst();
      return row === undefined ? undefined : { deviceId: row.device_id as DeviceId, catalogId: row.catalog_id };
    },
  };
}

async function standingOf(database: Database, deviceId: DeviceId): Promise<DeviceStanding | undefined> {
  const endorsement = await database
    .selectFrom('endorsements')
    .leftJoin('last_boots', 'last_boots.device_id', 'endorsements.device_id')
    .select(['endorsements.board', 'last_boots.boot_count', 'last_boots.boot_seed'])
    .where('endorsements.device_id', '=', deviceId)
    .executeTakeFirst();
  if (endorsement === undefined) return undefined;
  const { board, boot_count: bootCount, boot_seed: bootSeed } = endorsement;
  const claim = await database
    .selectFrom('devices')
    .innerJoin('catalogs', 'catalogs.id', 'devices.catalog_id')
    .leftJoin('claim_statements', 'claim_statements.device_id', 'devices.id')
    .selectAll('catalogs')
    .select('claim_statements.statement')
    .where('devices.id', '=', deviceId)
    .executeTakeFirst();
  return {
    board,
    claim:
      claim === undefined
        ? undefined
        : {
            catalog: catalogOf(claim).key,
            catalogId: claim.id,
            certificateSubject: claim.certificate_subject,
            statement: claim.statement === null ? undefined : hexToBytes(claim.statement),
          },
    last:
      bootCount === null || bootSeed === null
        ? undefined
        : { bootCount: Number(bootCount), bootSeed: hexToBytes(bootSeed) },
  };
}

/** Of the certificates of this one's device and use all but the newest, which it counts to whatever the clock says. */
async function dropOlder(
  database: Database,
  { serial, device_id: deviceId, use }: Pick<AttestationTables['device_certificates'], 'serial' | 'device_id' | 'use'>,
): Promise<void> {
  const newest = database
    .selectFrom('device_certificates')
    .select('serial')
    .where('device_id', '=', deviceId)
    .where('use', '=', use)
    .where('serial', '!=', serial)
    .orderBy('not_after_ms', 'desc')
    .limit(CERTIFICATES_KEPT - 1);
  await database
    .deleteFrom('device_certificates')
    .where('device_id', '=', deviceId)
    .where('use', '=', use)
    .where('serial', '!=', serial)
    .where('serial', 'not in', newest)
    .execute();
}

/** Spends the nonce and moves the boot on, if the device still stands where the evidence found it. */
async function accept(
  database: Database,
  { deviceId, nonce, boot, nowMs }: AcceptedEvidence,
  seen: DeviceStanding,
): Promise<Acceptance> {
  const now = await standingOf(database, deviceId);
  const spent = await database
    .selectFrom('spent_nonces')
    .select('digest')
    .where('digest', '=', nonce.digest)
    .executeTakeFirst();
  // Before the standing: the boot that this very token moved on must not hide that it came twice.
  if (spent !== undefined) return 'nonce-replayed';
  if (now === undefined || !isSameStanding(now, seen)) return 'stale';
  await database.deleteFrom('spent_nonces').where('expires_ms', '<', nowMs).execute();
  await database.insertInto('spent_nonces').values({ digest: nonce.digest, expires_ms: nonce.expiresMs }).execute();
  const columns = { boot_count: boot.bootCount, boot_seed: bytesToHex(boot.bootSeed) };
  await database
    .insertInto('last_boots')
    .values({ device_id: deviceId, ...columns })
    .onConflict((conflict) => conflict.column('device_id').doUpdateSet(columns))
    .execute();
  return 'accepted';
}

function isSameStanding(a: DeviceStanding, b: DeviceStanding): boolean {
  const isSameBoot =
    a.last?.bootCount === b.last?.bootCount && isSame(a.last?.bootSeed, b.last?.bootSeed) && a.board === b.board;
  return isSameBoot && a.claim?.catalogId === b.claim?.catalogId && isSame(a.claim?.statement, b.claim?.statement);
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}

async function isEndorsed(database: Database, deviceId: DeviceId, factoryKeyId: string): Promise<boolean> {
  const row = await database
    .selectFrom('endorsements')
    .select('device_id')
    .where('device_id', '=', deviceId)
    .where('factory_key_id', '=', factoryKeyId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Errors: `device-claimed-elsewhere`, without a word about where. */
async function isUnclaimed(database: Database, catalogId: string, deviceId: DeviceId): Promise<boolean> {
  const row = await database.selectFrom('devices').select('catalog_id').where('id', '=', deviceId).executeTakeFirst();
  if (row === undefined) return true;
  if (row.catalog_id === catalogId) return false;
  throw claimedElsewhere(deviceId);
}

async function put(
  database: Database,
  into: ClaimPlace,
  catalogId: string,
  deviceIds: readonly DeviceId[],
): Promise<void> {
  const group = groupColumns(into);
  for (const id of deviceIds) {
    await database
      .insertInto('devices')
      .values({ id, catalog_id: catalogId, ...group })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(group))
      .execute();
  }
}

function groupColumns(into: ClaimPlace): {
  readonly product_key: string | null;
  readonly device_group_key: string | null;
} {
  if (into.kind === 'ungrouped') return { product_key: null, device_group_key: null };
  return { product_key: nameKey(into.key.product), device_group_key: nameKey(into.key.deviceGroup) };
}
