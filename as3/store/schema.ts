// The tables as Kysely sees them. Types only: what makes them is migrations.ts, and the two change together.

import type { DeviceGroupValues } from '../domain/resources.ts';

interface StampColumns {
  created_by: string;
  created_at: string;
  modified_by: string;
  modified_at: string;
}

/** `*_key` columns hold names in the one spelling that they are compared by. */
export interface CatalogRow extends StampColumns {
  id: string;
  subscription: string;
  subscription_key: string;
  resource_group: string;
  resource_group_key: string;
  name: string;
  name_key: string;
  /** JSON object of texts. */
  tags: string;
}

export interface ProductRow extends StampColumns {
  catalog_id: string;
  name: string;
  name_key: string;
  description: string;
}

export interface DeviceGroupRow extends StampColumns {
  catalog_id: string;
  product_key: string;
  name: string;
  name_key: string;
  description: string;
  os_feed_type: DeviceGroupValues['osFeedType'];
  update_policy: DeviceGroupValues['updatePolicy'];
  allow_crash_dumps_collection: DeviceGroupValues['allowCrashDumpsCollection'];
  regional_data_boundary: DeviceGroupValues['regionalDataBoundary'];
}

export interface DeviceRow {
  /** 128 lower-case hex digits. */
  id: string;
  catalog_id: string;
  /** Both or neither. */
  product_key: string | null;
  device_group_key: string | null;
}

export interface Tables {
  catalogs: CatalogRow;
  products: ProductRow;
  device_groups: DeviceGroupRow;
  devices: DeviceRow;
}
