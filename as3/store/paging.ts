// Pages of a list by keyset: the next page begins after the last row of this one, whatever was added or deleted meanwhile.
// Never counts rows from the start again, which would skip or repeat some.

import type { RawBuilder, SelectQueryBuilder, SqlBool } from 'kysely';
import { sql } from 'kysely';
import type { Page, PageWanted } from '../domain/management-store.ts';

/** In the order of `place`, which is different for each row and never changes; one row more than the page, as a sign of the next. */
export function inPage<Tables, Table extends keyof Tables, Row>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  place: RawBuilder<string>,
  { after, skip, limit }: PageWanted,
): SelectQueryBuilder<Tables, Table, Row> {
  const ordered = query
    .orderBy(place)
    .limit(limit + 1)
    .offset(skip);
  return after === undefined ? ordered : ordered.where(sql<SqlBool>`${place} > ${after}`);
}

export function pageOf<Row extends { readonly place: string }, Item>(
  rows: readonly Row[],
  { limit }: PageWanted,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit).map(itemOf);
  const last = rows[limit - 1];
  return rows.length > limit && last !== undefined ? { items, next: last.place } : { items };
}
