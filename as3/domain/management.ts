// What an operator may do with catalogs, products, device groups and devices: the rules, over any store. Never knows of HTTP
// or SQL, and never answers for a resource that is not there.

import { parseDeviceId } from '../../contracts/core/ids.ts';
import type { Clock } from './ports.ts';
import type { ManagementStore, Written } from './management-store.ts';
import type {
  Catalog,
  CatalogKey,
  CatalogValues,
  Device,
  DeviceGroup,
  DeviceGroupKey,
  DeviceGroupValues,
  DeviceScope,
  Product,
  ProductKey,
  ProductValues,
  Stamp,
} from './resources.ts';
import { DEFAULT_DEVICE_GROUPS, DEVICE_GROUP_DEFAULTS } from './resources.ts';
import { ServiceError, notFound } from './service-error.ts';

/** Every method throws `ServiceError`; `operator` is the name in the certificate of whoever asks. */
export class Management {
  /** What needs no rule beyond the store's own: lists and counts. */
  readonly store: ManagementStore;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(store: ManagementStore, clock: Clock, newId: () => string) {
    this.store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  async catalog(key: CatalogKey): Promise<Catalog> {
    return found(await this.store.findCatalog(key), 'catalog-not-found', key.catalog);
  }

  async writeCatalog(key: CatalogKey, values: CatalogValues, operator: string): Promise<Written<Catalog>> {
    checkTags(values.tags);
    return this.store.writeCatalog(key, values, this.#stamp(operator), this.#newId());
  }

  async changeCatalog(key: CatalogKey, values: Partial<CatalogValues>, operator: string): Promise<Catalog> {
    if (values.tags !== undefined) checkTags(values.tags);
    const changed = await this.store.changeCatalog(key, values, this.#stamp(operator));
    return found(changed, 'catalog-not-found', key.catalog);
  }

  async product(key: ProductKey): Promise<Product> {
    await this.catalog(key);
    return found(await this.store.findProduct(key), 'product-not-found', key.product);
  }

  /** A product begins with the five default device groups. */
  async writeProduct(key: ProductKey, values: ProductValues, operator: string): Promise<Written<Product>> {
    checkDescription(values.description);
    return this.store.writeProduct(key, values, this.#stamp(operator), DEFAULT_DEVICE_GROUPS);
  }

  async changeProduct(key: ProductKey, values: Partial<ProductValues>, operator: string): Promise<Product> {
    if (values.description !== undefined) checkDescription(values.description);
    await this.catalog(key);
    return found(await this.store.changeProduct(key, values, this.#stamp(operator)), 'product-not-found', key.product);
  }

  /** Brings back those of the five that are missing; a group that has other values keeps them. */
  async generateDefaultDeviceGroups(key: ProductKey, operator: string): Promise<readonly DeviceGroup[]> {
    await this.catalog(key);
    await this.store.addMissingDeviceGroups(key, DEFAULT_DEVICE_GROUPS, this.#stamp(operator));
    return Promise.all(DEFAULT_DEVICE_GROUPS.map(({ name }) => this.deviceGroup({ ...key, deviceGroup: name })));
  }

  async deviceGroup(key: DeviceGroupKey): Promise<DeviceGroup> {
    await this.product(key);
    return found(await this.store.findDeviceGroup(key), 'device-group-not-found', key.deviceGroup);
  }

  async writeDeviceGroup(
    key: DeviceGroupKey,
    values: Partial<DeviceGroupValues>,
    operator: string,
  ): Promise<Written<DeviceGroup>> {
    const whole = { ...DEVICE_GROUP_DEFAULTS, ...values };
    checkDescription(whole.description);
    return this.store.writeDeviceGroup(key, whole, this.#stamp(operator));
  }

  async changeDeviceGroup(
    key: DeviceGroupKey,
    values: Partial<DeviceGroupValues>,
    operator: string,
  ): Promise<DeviceGroup> {
    if (values.description !== undefined) checkDescription(values.description);
    await this.product(key);
    const changed = await this.store.changeDeviceGroup(key, values, this.#stamp(operator));
    return found(changed, 'device-group-not-found', key.deviceGroup);
  }

  async device(scope: DeviceScope, text: string): Promise<Device> {
    const id = parseDeviceId(text);
    if (id === undefined) {
      throw new ServiceError('resource-name-malformed', 'a device is named by the 128 hex digits of its id', {
        fault: 'caller',
      });
    }
    return found(await this.store.findDevice(scope, id), 'device-not-found', id);
  }

  #stamp(by: string): Stamp {
    return { by, at: new Date(this.#clock.nowMs()).toISOString() };
  }
}

function found<Item>(item: Item | undefined, code: Parameters<typeof notFound>[0], name: string): Item {
  if (item !== undefined) return item;
  throw notFound(code, name);
}

const DESCRIPTION_MAX_CHARACTERS = 1024;
/** Limits of Azure Resource Manager for tags. */
const TAGS = { count: 50, name: 512, value: 256 } as const;
// C0, DEL and C1: what could steer a terminal that shows the text.
// eslint-disable-next-line no-control-regex -- control characters are what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function checkDescription(text: string): void {
  checkText('description', text, DESCRIPTION_MAX_CHARACTERS);
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > TAGS.count) throw malformed('tags', `at most ${TAGS.count}`);
  for (const [name, value] of entries) {
    checkText('the name of a tag', name, TAGS.name);
    checkText('the value of a tag', value, TAGS.value);
  }
}

function checkText(what: string, text: string, maxCharacters: number): void {
  if (text.length > maxCharacters) throw malformed(what, `at most ${maxCharacters} characters`);
  if (CONTROL.test(text)) throw malformed(what, 'no control characters');
  if (!text.isWellFormed()) throw malformed(what, 'whole characters');
}

function malformed(what: string, wanted: string): ServiceError {
  return new ServiceError('field-malformed', `${what}: ${wanted}`, { fault: 'caller', details: { field: what } });
}
