// One operation of the management API: its name and path in Azure's description, and what it does. Never sees a request
// itself: only names that were parsed, a body that was checked, and who asks.

import type { Static, TSchema } from 'typebox';
import type { Page, PageWanted } from '../domain/management-store.ts';
import type { DeviceDesk } from '../domain/device-desk.ts';
import type { Management } from '../domain/management.ts';
import type { ResourceName } from '../domain/resource-names.ts';
import { isCatalogLevel, parseName } from '../domain/resource-names.ts';
import type { CatalogKey, DeviceGroupKey, DeviceScope, ProductKey, ScopeKey } from '../domain/resources.ts';
import type { UpdateDesk } from '../domain/update-desk.ts';
import type { Listing } from './listing.ts';

export interface Answer {
  readonly status: 200 | 201 | 204;
  readonly body?: object;
}

export interface Call<Body> {
  readonly management: Management;
  readonly updates: UpdateDesk;
  readonly devices: DeviceDesk;
  readonly place: Place;
  readonly body: Body;
  readonly operator: string;
  /** When it came in. */
  readonly nowMs: number;
  /** What the query says, for operations that answer with a list. */
  readonly listing: Listing;
}

export interface Operation {
  /** `operationId` of Microsoft.AzureSphere 2024-04-01, or one of ours in its manner. */
  readonly id: string;
  /** The first is Azure's; clients follow the nextLink of a POST list with GET, which has no body. */
  readonly methods: readonly ('GET' | 'PUT' | 'PATCH' | 'DELETE' | 'POST')[];
  /** In the router's form, from the top. */
  readonly path: string;
  readonly body?: TSchema;
  /** Where it is more than other operations take. */
  readonly bodyMaxBytes?: number;
  /** Not in Azure's description. */
  readonly isExtension?: true;
  handle(call: Call<unknown>): Promise<Answer>;
}

/** An operation whose body the server has checked against `body` when there is one. */
export function operation<Body extends TSchema>(
  described: Omit<Operation, 'handle' | 'body'> & {
    readonly body?: Body;
    handle(call: Call<Static<Body>>): Promise<Answer>;
  },
): Operation {
  return described;
}

/** The names in a path. Each getter throws `resource-name-malformed` or `resource-name-reserved`. */
export class Place {
  readonly #params: Readonly<Record<string, string>>;

  constructor(params: Readonly<Record<string, string>>) {
    this.#params = params;
  }

  get subscription(): ResourceName {
    return parseName('subscription', this.text('subscriptionId'));
  }

  get scope(): ScopeKey {
    return {
      subscription: this.subscription,
      resourceGroup: parseName('resourceGroup', this.text('resourceGroupName')),
    };
  }

  get catalog(): CatalogKey {
    return { ...this.scope, catalog: parseName('catalog', this.text('catalogName')) };
  }

  get product(): ProductKey {
    return { ...this.catalog, product: parseName('product', this.text('productName')) };
  }

  get deviceGroup(): DeviceGroupKey {
    return { ...this.product, deviceGroup: parseName('deviceGroup', this.text('deviceGroupName')) };
  }

  /** The system words stand for the devices that are in no group, and only both together. */
  get devices(): DeviceScope {
    const [product, group] = [this.text('productName'), this.text('deviceGroupName')];
    if (isCatalogLevel(product) && isCatalogLevel(group)) return { kind: 'ungrouped', key: this.catalog };
    return { kind: 'group', key: this.deviceGroup };
  }

  text(name: string): string {
    return this.#params[name] ?? '';
  }
}

/** The answer of a list, with the link to its next page; `carried` are query parameters that the link has to repeat. */
export async function listAnswer<Item>(
  { listing }: Call<unknown>,
  read: (page: PageWanted) => Promise<Page<Item>>,
  shown: (item: Item) => object,
  carried: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { items, next } = await read(listing.page);
  const nextLink = next === undefined ? undefined : listing.linkAfter(next, carried);
  return {
    status: 200,
    body: { value: items.map(shown), ...(nextLink === undefined ? {} : { nextLink }) },
  };
}

/** Deleting what is not there is no error. */
export function deleted(wasThere: boolean): Answer {
  return { status: wasThere ? 200 : 204 };
}

export function written(isNew: boolean, body: object): Answer {
  return { status: isNew ? 201 : 200, body };
}
