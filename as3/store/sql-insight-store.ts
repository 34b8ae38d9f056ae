// What devices report, over SQL. Never keeps more of one device than it is told to.

import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import type { DeviceInsight, InsightStore } from '../domain/insight-store.ts';
import { wantedCatalog } from './fleet-queries.ts';
import type { Database } from './fleet-queries.ts';
import { inPage, pageOf } from './paging.ts';
import type { InsightRow } from './schema.ts';

export function sqlInsightStore(database: Database): InsightStore {
  return {
    async addEvents(device, events, { at, keep }) {
      return database.transaction().execute(async (transaction) => {
        const owner = await transaction
          .selectFrom('devices')
          .select('catalog_id')
          .where('id', '=', device)
          .executeTakeFirst();
        if (owner === undefined) return { added: 0, catalogId: undefined };
        const { catalog_id: catalogId } = owner;
        if (events.length === 0) return { added: 0, catalogId };
        const rows = events.map((event) => ({
          device_id: device,
          event_id: bytesToHex(event.id),
          catalog_id: catalogId,
          category: event.category,
          component_id: event.componentId,
          image_id: event.imageId,
          detail: event.detail,
          event_count: event.count,
          start_seconds: event.startSeconds,
          end_seconds: event.endSeconds,
          received_at: at,
        }));
        const added = await transaction
          .insertInto('insights')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .returning('event_id')
          .execute();
        const kept = transaction
          .selectFrom('insights')
          .select('event_id')
          .where('device_id', '=', device)
          .orderBy('received_at', 'desc')
          .orderBy('event_id', 'desc')
          .limit(keep);
        await transaction
          .deleteFrom('insights')
          .where('device_id', '=', device)
          .where('event_id', 'not in', kept)
          .execute();
        return { added: added.length, catalogId };
      });
    },
    async listInsights(key, page) {
      const catalog = await wantedCatalog(database, key);
      const place = sql<string>`received_at || '/' || device_id || '/' || event_id`;
      const query = database
        .selectFrom('insights')
        .selectAll()
        .select(place.as('place'))
        .where('catalog_id', '=', catalog.id);
      return pageOf(await inPage(query, place, page).execute(), page, insightOf);
    },
  };
}

function insightOf(row: Selectable<InsightRow>): DeviceInsight {
  return {
    deviceId: row.device_id as DeviceId,
    event: {
      category: row.category,
      componentId: row.component_id,
      imageId: row.image_id,
      detail: row.detail,
      count: row.event_count,
      startSeconds: row.start_seconds,
      endSeconds: row.end_seconds,
    },
  };
}
