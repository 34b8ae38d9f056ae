// What the service keeps about a fleet: catalogs, products, device groups, devices. Data only; never a row of a table or a
// shape of the API, which come and go.

import type { DeviceId } from '../../contracts/core/ids.ts';
import type { ResourceName } from './resource-names.ts';

export interface ScopeKey {
  readonly subscription: ResourceName;
  readonly resourceGroup: ResourceName;
}
export interface CatalogKey extends ScopeKey {
  readonly catalog: ResourceName;
}
export interface ProductKey extends CatalogKey {
  readonly product: ResourceName;
}
export interface DeviceGroupKey extends ProductKey {
  readonly deviceGroup: ResourceName;
}

/** Who did something, and when (ISO 8601, UTC). */
export interface Stamp {
  readonly by: string;
  readonly at: string;
}
export interface Stamped {
  readonly created: Stamp;
  readonly modified: Stamp;
}

/** Whether apps of a catalog need the signature of its publisher. The words of the API; also those of the store. */
export const PUBLISHER_SIGNATURES = ['Required', 'NotRequired'] as const;

/** What names a device in the subject of its certificates: half of its id, which fits a common name (RFC 5280, appendix A), or all of it. */
export const CERTIFICATE_SUBJECTS = ['Short', 'Full'] as const;

export interface CatalogValues {
  readonly tags: Readonly<Record<string, string>>;
  /** Left out: as it was; `Required` for a new catalog. */
  readonly publisherSignature?: (typeof PUBLISHER_SIGNATURES)[number];
  /** Left out: as it was; `Short` for a new catalog. */
  readonly certificateSubject?: (typeof CERTIFICATE_SUBJECTS)[number];
}
export interface Catalog extends CatalogValues, Stamped {
  readonly key: CatalogKey;
  readonly publisherSignature: (typeof PUBLISHER_SIGNATURES)[number];
  readonly certificateSubject: (typeof CERTIFICATE_SUBJECTS)[number];
  /** GUID, made once: what images and manifests name their catalog by. */
  readonly id: string;
}

export interface ProductValues {
  readonly description: string;
}
export interface Product extends ProductValues, Stamped {
  readonly key: ProductKey;
}

/** The words of the API; also those of the store. */
export const OS_FEEDS = ['Retail', 'RetailEval'] as const;
export const UPDATE_POLICIES = ['UpdateAll', 'No3rdPartyAppUpdates'] as const;
export const CRASH_DUMPS = ['Enabled', 'Disabled'] as const;
export const DATA_BOUNDARIES = ['None', 'EU'] as const;

export interface DeviceGroupValues {
  readonly description: string;
  readonly osFeedType: (typeof OS_FEEDS)[number];
  readonly updatePolicy: (typeof UPDATE_POLICIES)[number];
  readonly allowCrashDumpsCollection: (typeof CRASH_DUMPS)[number];
  readonly regionalDataBoundary: (typeof DATA_BOUNDARIES)[number];
}
export interface DeviceGroup extends DeviceGroupValues, Stamped {
  readonly key: DeviceGroupKey;
  /** Whether there is a deployment that its devices are to run now. */
  readonly hasDeployment: boolean;
}

export interface Device {
  readonly id: DeviceId;
  readonly catalog: CatalogKey;
  /** `undefined`: in the catalog alone. */
  readonly group: DeviceGroupKey | undefined;
}

/** Which devices: all of a catalog, of a product or of a group, or those of a catalog that are in no group. */
export type DeviceScope =
  | { readonly kind: 'catalog'; readonly key: CatalogKey }
  | { readonly kind: 'ungrouped'; readonly key: CatalogKey }
  | { readonly kind: 'product'; readonly key: ProductKey }
  | { readonly kind: 'group'; readonly key: DeviceGroupKey };

/** What a device group has that nobody said anything about: updated, on the common feed, no dumps. */
export const DEVICE_GROUP_DEFAULTS: DeviceGroupValues = {
  description: '',
  osFeedType: 'Retail',
  updatePolicy: 'UpdateAll',
  allowCrashDumpsCollection: 'Disabled',
  regionalDataBoundary: 'None',
};

/**
 * The five groups that every product starts with (Azure Sphere documentation, "Device groups"): development devices get
 * only the OS; the two evaluation groups get it before everybody else.
 */
export const DEFAULT_DEVICE_GROUPS: readonly { readonly name: ResourceName; readonly values: DeviceGroupValues }[] = (
  [
    ['Development', 'Retail', 'No3rdPartyAppUpdates', 'Devices that developers work on'],
    ['Field Test', 'Retail', 'UpdateAll', 'Devices that try new apps'],
    ['Field Test OS Evaluation', 'RetailEval', 'UpdateAll', 'Devices that try new apps on the next OS'],
    ['Production', 'Retail', 'UpdateAll', 'Devices of customers'],
    ['Production OS Evaluation', 'RetailEval', 'UpdateAll', 'Devices of customers on the next OS'],
  ] as const
).map(([name, osFeedType, updatePolicy, description]) => ({
  name: name as string as ResourceName,
  values: { ...DEVICE_GROUP_DEFAULTS, osFeedType, updatePolicy, description },
}));
