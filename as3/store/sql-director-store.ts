// The director's last metadata of each device, over SQL. Never takes a version that is not above the last one.

import type { DirectorStore } from '../domain/director-store.ts';
import type { Database } from './fleet-queries.ts';

export function sqlDirectorStore(database: Database): DirectorStore {
  return {
    async lastIssue(device) {
      const row = await database
        .selectFrom('director_issues')
        .selectAll()
        .where('device_id', '=', device)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return {
        version: row.version,
        contentDigest: row.content_digest,
        expiresMs: row.expires_ms,
        timestamp: row.timestamp_text,
        snapshot: row.snapshot_text,
        targets: row.targets_text,
      };
    },
    async replaceIssue(device, after, issue) {
      const columns = {
        version: issue.version,
        content_digest: issue.contentDigest,
        expires_ms: issue.expiresMs,
        timestamp_text: issue.timestamp,
        snapshot_text: issue.snapshot,
        targets_text: issue.targets,
      };
      if (after === 0) {
        const made = await database
          .insertInto('director_issues')
          .values({ device_id: device, ...columns })
          .onConflict((conflict) => conflict.doNothing())
          .returning('version')
          .executeTakeFirst();
        return made !== undefined;
      }
      const changed = await database
        .updateTable('director_issues')
        .set(columns)
        .where('device_id', '=', device)
        .where('version', '=', after)
        .returning('version')
        .executeTakeFirst();
      return changed !== undefined;
    },
    async recordDelivery(device, { imageId, title, at }) {
      const columns = { image_id: imageId, title, delivered_at: at };
      await database
        .insertInto('deliveries')
        .values({ device_id: device, ...columns })
        .onConflict((conflict) => conflict.column('device_id').doUpdateSet(columns))
        .execute();
    },
  };
}
