// What the management of a fleet asks of its database, whichever it is; test/support/management-store-conformance.ts runs on
// each. Types only. Every method is atomic, and none ever answers with half of a change.

import type { DeviceId } from '../../contracts/core/ids.ts';
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
import type { ResourceName } from './resource-names.ts';

/** One page of a list in its own unchanging order: at most `limit` after the place `after`, without the first `skip`. */
export interface PageWanted {
  readonly after?: string;
  readonly skip: number;
  readonly limit: number;
}
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page goes on; missing at the end. */
  readonly next?: string;
}

export interface Written<Item> {
  readonly item: Item;
  readonly isNew: boolean;
}

/** Names are found without regard to letter case and come back as they were first written. */
export interface ManagementStore {
  listCatalogs(
    scope: { readonly subscription: ResourceName; readonly resourceGroup?: ResourceName },
    page: PageWanted,
  ): Promise<Page<Catalog>>;
  findCatalog(key: CatalogKey): Promise<Catalog | undefined>;
  /** Makes it with `newId`, or replaces its values. */
  writeCatalog(key: CatalogKey, values: CatalogValues, stamp: Stamp, newId: string): Promise<Written<Catalog>>;
  /** Changes only what is given. `undefined` if there is none. The same holds for the two below. */
  changeCatalog(key: CatalogKey, values: Partial<CatalogValues>, stamp: Stamp): Promise<Catalog | undefined>;
  /** `false` if there was none. Errors: `catalog-not-empty`. */
  deleteCatalog(key: CatalogKey): Promise<boolean>;

  /** Errors: `catalog-not-found`. */
  listProducts(key: CatalogKey, page: PageWanted): Promise<Page<Product>>;
  findProduct(key: ProductKey): Promise<Product | undefined>;
  /** Makes it together with the groups `first`, or replaces its values. Errors: `catalog-not-found`. */
  writeProduct(
    key: ProductKey,
    values: ProductValues,
    stamp: Stamp,
    first: readonly { readonly name: ResourceName; readonly values: DeviceGroupValues }[],
  ): Promise<Written<Product>>;
  changeProduct(key: ProductKey, values: Partial<ProductValues>, stamp: Stamp): Promise<Product | undefined>;
  /** With its groups. `false` if there was none. Errors: `product-not-empty` while a device is in one of them. */
  deleteProduct(key: ProductKey): Promise<boolean>;

  /** Of one product, or of a catalog, of that name if one is given. Errors: `catalog-not-found`, `product-not-found`. */
  listDeviceGroups(
    of: CatalogKey & { readonly product?: ResourceName; readonly deviceGroup?: ResourceName },
    page: PageWanted,
  ): Promise<Page<DeviceGroup>>;
  findDeviceGroup(key: DeviceGroupKey): Promise<DeviceGroup | undefined>;
  /** Makes it, or replaces its values. Errors: `product-not-found`. */
  writeDeviceGroup(key: DeviceGroupKey, values: DeviceGroupValues, stamp: Stamp): Promise<Written<DeviceGroup>>;
  /** Makes those that are not there, and leaves the others as they are. Errors: `product-not-found`. */
  addMissingDeviceGroups(
    key: ProductKey,
    groups: readonly { readonly name: ResourceName; readonly values: DeviceGroupValues }[],
    stamp: Stamp,
  ): Promise<void>;
  changeDeviceGroup(
    key: DeviceGroupKey,
    values: Partial<DeviceGroupValues>,
    stamp: Stamp,
  ): Promise<DeviceGroup | undefined>;
  /** `false` if there was none. Errors: `device-group-not-empty`. */
  deleteDeviceGroup(key: DeviceGroupKey): Promise<boolean>;

  /** Errors: `catalog-not-found`, `product-not-found`, `device-group-not-found`. */
  listDevices(scope: DeviceScope, page: PageWanted): Promise<Page<Device>>;
  countDevices(scope: DeviceScope): Promise<number>;
  /** A device outside `scope` is not found. */
  findDevice(scope: DeviceScope, id: DeviceId): Promise<Device | undefined>;
}
