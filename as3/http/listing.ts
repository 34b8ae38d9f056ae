// The query of a list and the link to its next page. Never trusts a number or a token in it: a link comes back from outside.

import type { PageWanted } from '../domain/management-store.ts';
import { ServiceError } from '../domain/service-error.ts';
import { ApiError } from './api-error.ts';

/** Rows of one page: when nothing is said, and at most. */
const PAGE = { usual: 100, most: 1000 } as const;
const NUMBER = /^[0-9]{1,9}$/;
/** Longer than any place in a list: two names and what stands between them, or a device id. */
const TOKEN_MAX_CHARACTERS = 256;

export type Query = Readonly<Record<string, unknown>>;

export interface Listing {
  readonly page: PageWanted;
  /** A parameter of ours that the link has to carry on. */
  readonly deviceGroupName: string | undefined;
  /** The absolute link to what follows `place`; `undefined` when `$top` is reached. */
  linkAfter(place: string, carried?: Readonly<Record<string, string>>): string | undefined;
}

/** `base` is the absolute address of the list without a query. Errors: `page-malformed`, `filter-unsupported`. */
export function listingOf(query: Query, base: string, apiVersion: string): Listing {
  if (query['$filter'] !== undefined) {
    throw new ApiError('filter-unsupported', '$filter is not supported', {
      fault: 'caller',
      hint: 'leave it out and choose from the whole list',
    });
  }
  const top = count(query, '$top', 1);
  const size = Math.min(count(query, '$maxpagesize', 1) ?? PAGE.usual, PAGE.most);
  const after = text(query, '$skiptoken');
  const limit = Math.min(size, top ?? size);
  const page = { limit, skip: count(query, '$skip', 0) ?? 0, ...(after === undefined ? {} : { after }) };
  return {
    page,
    deviceGroupName: text(query, 'deviceGroupName'),
    linkAfter(place, carried = {}) {
      if (top !== undefined && top <= limit) return undefined;
      const rest = new Map(Object.entries({ 'api-version': apiVersion, ...carried, $skiptoken: place }));
      if (top !== undefined) rest.set('$top', String(top - limit));
      if (query['$maxpagesize'] !== undefined) rest.set('$maxpagesize', String(size));
      return `${base}?${[...rest].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
    },
  };
}

function count(query: Query, name: string, least: number): number | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  if (!NUMBER.test(value) || Number(value) < least) throw malformed(name);
  return Number(value);
}

/** One text; a parameter that is given twice is refused, because two readers could each take another one. */
function text(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > TOKEN_MAX_CHARACTERS) throw malformed(name);
  return value;
}

function malformed(name: string): ServiceError {
  return new ServiceError('page-malformed', `the query parameter ${name} is malformed`, {
    fault: 'caller',
    details: { target: name },
  });
}
