// Resources as Azure Resource Manager writes them. Never has a property that the service does not know the truth of.

import type { Catalog, CatalogKey, Device, DeviceGroup, Product, Stamped } from '../domain/resources.ts';
import { CATALOG_LEVEL } from '../domain/resource-names.ts';

export const PROVIDER = 'Microsoft.AzureSphere';

/** Every change is done when it is answered, so that no resource is ever seen in between. */
export const DONE = { provisioningState: 'Succeeded' } as const;

export function armCatalog(catalog: Catalog): object {
  return {
    id: catalogId(catalog.key),
    name: catalog.key.catalog,
    type: `${PROVIDER}/catalogs`,
    location: 'global',
    tags: catalog.tags,
    systemData: systemData(catalog),
    properties: {
      tenantId: catalog.id,
      publisherSignature: catalog.publisherSignature,
      certificateSubject: catalog.certificateSubject,
      ...DONE,
    },
  };
}

export function armProduct(product: Product): object {
  return {
    id: `${catalogId(product.key)}/products/${product.key.product}`,
    name: product.key.product,
    type: `${PROVIDER}/catalogs/products`,
    systemData: systemData(product),
    properties: { description: product.description, ...DONE },
  };
}

export function armDeviceGroup(group: DeviceGroup): object {
  const { key, description, osFeedType, updatePolicy, allowCrashDumpsCollection, regionalDataBoundary, hasDeployment } =
    group;
  return {
    id: groupId(key, key.product, key.deviceGroup),
    name: key.deviceGroup,
    type: `${PROVIDER}/catalogs/products/deviceGroups`,
    systemData: systemData(group),
    properties: {
      description,
      osFeedType,
      updatePolicy,
      allowCrashDumpsCollection,
      regionalDataBoundary,
      hasDeployment,
      ...DONE,
    },
  };
}

export function armDevice({ id, catalog, group }: Device): object {
  const parent = groupId(catalog, group?.product ?? CATALOG_LEVEL[0], group?.deviceGroup ?? CATALOG_LEVEL[0]);
  return {
    id: `${parent}/devices/${id}`,
    name: id,
    type: `${PROVIDER}/catalogs/products/deviceGroups/devices`,
    properties: { deviceId: id, ...DONE },
  };
}

export function catalogId({ subscription, resourceGroup, catalog }: CatalogKey): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/catalogs/${catalog}`;
}

export function groupId(key: CatalogKey, product: string, deviceGroup: string): string {
  return `${catalogId(key)}/products/${product}/deviceGroups/${deviceGroup}`;
}

export function systemData({ created, modified }: Stamped): object {
  return {
    createdBy: created.by,
    createdByType: 'User',
    createdAt: created.at,
    lastModifiedBy: modified.by,
    lastModifiedByType: 'User',
    lastModifiedAt: modified.at,
  };
}
