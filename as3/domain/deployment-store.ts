// What deployments ask of the database; test/support/deployment-store-conformance.ts runs on each. Types only. Every method is
// atomic, and none ever answers with half of a change.

import type { DeviceId, ImageId } from '../../contracts/core/ids.ts';
import type { StoredImage } from './image-store.ts';
import type { Page, PageWanted, Written } from './management-store.ts';
import type { CatalogKey, DeviceGroup, DeviceGroupKey, Stamp } from './resources.ts';

export interface Deployment {
  readonly group: DeviceGroupKey;
  /** GUID, made once: what a director says to devices. */
  readonly id: string;
  /** As the operator named it; the id if nobody did. */
  readonly name: string;
  /** `undefined` in the place of an image that was deleted since. */
  readonly images: readonly { readonly imageId: ImageId; readonly image: StoredImage | undefined }[];
  readonly created: Stamp;
}

/** Where a device stands: what its director has to know, read at one moment. */
export interface DevicePlan {
  readonly catalogId: string;
  /** `undefined`: the device is in no group. */
  readonly updatePolicy: DeviceGroup['updatePolicy'] | undefined;
  /** The current one of the device's group. All its images are there. */
  readonly deployment: { readonly id: string; readonly images: readonly StoredImage[] } | undefined;
}

/** Errors of every method with a key: `catalog-not-found`, `product-not-found`, `device-group-not-found`. */
export interface DeploymentStore {
  /**
   * Becomes the group's current one. The same name with the same images again changes nothing.
   * Errors: `deployment-exists` (the name with other images), `deployment-image-unknown`, `deployment-component-twice`.
   */
  addDeployment(
    group: DeviceGroupKey,
    values: { readonly id: string; readonly name: string; readonly images: readonly ImageId[] },
    stamp: Stamp,
  ): Promise<Written<Deployment>>;
  currentDeployment(group: DeviceGroupKey): Promise<Deployment | undefined>;
  /** By its name or id. */
  findDeployment(group: DeviceGroupKey, name: string): Promise<Deployment | undefined>;
  /** Of a group, or of all groups of a catalog; the oldest first. */
  listDeployments(of: DeviceGroupKey | CatalogKey, page: PageWanted): Promise<Page<Deployment>>;
  /** The current one leaves its group with none; an earlier one does not come back. `false` if there was none. */
  deleteDeployment(group: DeviceGroupKey, name: string): Promise<boolean>;

  /** `undefined`: no catalog has this device. */
  planOf(device: DeviceId): Promise<DevicePlan | undefined>;
}
