// Where resources are, as the router writes paths. Never a path that Azure's description does not have.

import { PROVIDER } from './arm-resources.ts';

export const OPERATIONS = `/providers/${PROVIDER}/operations`;
export const SUBSCRIPTION = `/subscriptions/:subscriptionId/providers/${PROVIDER}`;
export const RESOURCE_GROUP = `/subscriptions/:subscriptionId/resourceGroups/:resourceGroupName/providers/${PROVIDER}`;
export const CATALOG = `${RESOURCE_GROUP}/catalogs/:catalogName`;
export const PRODUCT = `${CATALOG}/products/:productName`;
export const DEVICE_GROUP = `${PRODUCT}/deviceGroups/:deviceGroupName`;
export const DEVICE = `${DEVICE_GROUP}/devices/:deviceName`;
