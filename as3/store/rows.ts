// Between rows of the tables and what the service keeps. Never checks a name again: only names that a rule let through are written.

import type { Selectable } from 'kysely';
import type { DeviceId } from '../../contracts/core/ids.ts';
import type { ResourceName } from '../domain/resource-names.ts';
import { nameKey } from '../domain/resource-names.ts';
import type {
  Catalog,
  CatalogKey,
  Device,
  DeviceGroup,
  DeviceGroupValues,
  Product,
  Stamp,
  Stamped,
} from '../domain/resources.ts';
import type { CatalogRow, DeviceGroupRow, DeviceRow, ProductRow, Tables } from './schema.ts';

export function catalogOf(row: Selectable<CatalogRow>): Catalog {
  return {
    key: {
      subscription: row.subscription as ResourceName,
      resourceGroup: row.resource_group as ResourceName,
      catalog: row.name as ResourceName,
    },
    id: row.id,
    tags: JSON.parse(row.tags) as Readonly<Record<string, string>>,
    publisherSignature: row.publisher_signature,
    certificateSubject: row.certificate_subject,
    ...stampsOf(row),
  };
}

export function productOf(catalog: CatalogKey, row: Selectable<ProductRow>): Product {
  return {
    key: { ...catalog, product: row.name as ResourceName },
    description: row.description,
    ...stampsOf(row),
  };
}

/** A group's row with the name of its product and its current deployment. */
export type NamedGroupRow = Selectable<DeviceGroupRow> & {
  readonly product_name: string;
  readonly deployment_id: string | null;
};

export function deviceGroupOf(catalog: CatalogKey, row: NamedGroupRow): DeviceGroup {
  return {
    key: { ...catalog, product: row.product_name as ResourceName, deviceGroup: row.name as ResourceName },
    description: row.description,
    osFeedType: row.os_feed_type,
    updatePolicy: row.update_policy,
    allowCrashDumpsCollection: row.allow_crash_dumps_collection,
    regionalDataBoundary: row.regional_data_boundary,
    hasDeployment: row.deployment_id !== null,
    ...stampsOf(row),
  };
}

type GroupColumns = Pick<
  DeviceGroupRow,
  'description' | 'os_feed_type' | 'update_policy' | 'allow_crash_dumps_collection' | 'regional_data_boundary'
>;

export function groupColumns(values: DeviceGroupValues): GroupColumns {
  return {
    description: values.description,
    os_feed_type: values.osFeedType,
    update_policy: values.updatePolicy,
    allow_crash_dumps_collection: values.allowCrashDumpsCollection,
    regional_data_boundary: values.regionalDataBoundary,
  };
}

/** The columns of the values that are given; the others stay as they are. */
export function changedGroupColumns(values: Partial<DeviceGroupValues>): Partial<GroupColumns> {
  const columns = groupColumns(values as DeviceGroupValues);
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => (value as unknown) !== undefined));
}

/** A device's row with the names of the group that it is in, if it is in one. */
export type NamedDeviceRow = Selectable<DeviceRow> & {
  readonly product_name: string | null;
  readonly group_name: string | null;
};

export function deviceOf(catalog: CatalogKey, row: NamedDeviceRow): Device {
  const group =
    row.product_name === null || row.group_name === null
      ? undefined
      : { ...catalog, product: row.product_name as ResourceName, deviceGroup: row.group_name as ResourceName };
  return { id: row.id as DeviceId, catalog, group };
}

type StampColumns = Pick<Tables['products'], 'created_by' | 'created_at' | 'modified_by' | 'modified_at'>;

export function createdColumns({ by, at }: Stamp): StampColumns {
  return { created_by: by, created_at: at, modified_by: by, modified_at: at };
}

export function modifiedColumns({ by, at }: Stamp): Pick<StampColumns, 'modified_by' | 'modified_at'> {
  return { modified_by: by, modified_at: at };
}

export function nameColumns(name: ResourceName): { readonly name: string; readonly name_key: string } {
  return { name, name_key: nameKey(name) };
}

export function stampsOf(row: Selectable<StampColumns>): Stamped {
  return {
    created: { by: row.created_by, at: row.created_at },
    modified: { by: row.modified_by, at: row.modified_at },
  };
}
