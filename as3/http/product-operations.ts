// Products_* and DeviceGroups_*: the operations on products and their device groups. Never decides anything: the domain does.

import { armDeviceGroup, armProduct } from './arm-resources.ts';
import { deleted, listAnswer, operation, written } from './operation.ts';
import { CATALOG, DEVICE_GROUP, PRODUCT } from './paths.ts';
import { DeviceGroupBody, DeviceGroupUpdateBody, ProductBody, ProductUpdateBody } from './request-bodies.ts';
import type { DeviceGroupValues } from '../domain/resources.ts';

export const PRODUCT_OPERATIONS = [
  operation({
    id: 'Products_ListByCatalog',
    methods: ['GET'],
    path: `${CATALOG}/products`,
    handle: async (call) => {
      const { catalog } = call.place;
      return listAnswer(call, (page) => call.management.store.listProducts(catalog, page), armProduct);
    },
  }),
  operation({
    id: 'Products_Get',
    methods: ['GET'],
    path: PRODUCT,
    handle: async ({ management, place }) => ({
      status: 200,
      body: armProduct(await management.product(place.product)),
    }),
  }),
  operation({
    id: 'Products_CreateOrUpdate',
    methods: ['PUT'],
    path: PRODUCT,
    body: ProductBody,
    handle: async ({ management, place, body, operator }) => {
      const description = body.properties?.description ?? '';
      const { item, isNew } = await management.writeProduct(place.product, { description }, operator);
      return written(isNew, armProduct(item));
    },
  }),
  operation({
    id: 'Products_Update',
    methods: ['PATCH'],
    path: PRODUCT,
    body: ProductUpdateBody,
    handle: async ({ management, place, body, operator }) => ({
      status: 200,
      body: armProduct(await management.changeProduct(place.product, body.properties ?? {}, operator)),
    }),
  }),
  operation({
    id: 'Products_Delete',
    methods: ['DELETE'],
    path: PRODUCT,
    handle: async ({ management, place }) => deleted(await management.store.deleteProduct(place.product)),
  }),
  operation({
    id: 'Products_CountDevices',
    methods: ['POST'],
    path: `${PRODUCT}/countDevices`,
    handle: async ({ management, place }) => ({
      status: 200,
      body: { value: await management.store.countDevices({ kind: 'product', key: place.product }) },
    }),
  }),
  operation({
    id: 'Products_GenerateDefaultDeviceGroups',
    methods: ['POST'],
    path: `${PRODUCT}/generateDefaultDeviceGroups`,
    handle: async ({ management, place, operator }) => {
      const groups = await management.generateDefaultDeviceGroups(place.product, operator);
      return { status: 200, body: { value: groups.map(armDeviceGroup) } };
    },
  }),
  operation({
    id: 'DeviceGroups_ListByProduct',
    methods: ['GET'],
    path: `${PRODUCT}/deviceGroups`,
    handle: async (call) => {
      const { product } = call.place;
      return listAnswer(call, (page) => call.management.store.listDeviceGroups(product, page), armDeviceGroup);
    },
  }),
  operation({
    id: 'DeviceGroups_Get',
    methods: ['GET'],
    path: DEVICE_GROUP,
    handle: async ({ management, place }) => ({
      status: 200,
      body: armDeviceGroup(await management.deviceGroup(place.deviceGroup)),
    }),
  }),
  operation({
    id: 'DeviceGroups_CreateOrUpdate',
    methods: ['PUT'],
    path: DEVICE_GROUP,
    body: DeviceGroupBody,
    handle: async ({ management, place, body, operator }) => {
      const { item, isNew } = await management.writeDeviceGroup(place.deviceGroup, given(body.properties), operator);
      return written(isNew, armDeviceGroup(item));
    },
  }),
  operation({
    id: 'DeviceGroups_Update',
    methods: ['PATCH'],
    path: DEVICE_GROUP,
    body: DeviceGroupUpdateBody,
    handle: async ({ management, place, body, operator }) => ({
      status: 200,
      body: armDeviceGroup(await management.changeDeviceGroup(place.deviceGroup, given(body.properties), operator)),
    }),
  }),
  operation({
    id: 'DeviceGroups_Delete',
    methods: ['DELETE'],
    path: DEVICE_GROUP,
    handle: async ({ management, place }) => deleted(await management.store.deleteDeviceGroup(place.deviceGroup)),
  }),
  operation({
    id: 'DeviceGroups_CountDevices',
    methods: ['POST'],
    path: `${DEVICE_GROUP}/countDevices`,
    handle: async ({ management, place }) => ({
      status: 200,
      body: { value: await management.store.countDevices(place.devices) },
    }),
  }),
];

/** Without what the service itself says of a group. */
function given(properties: Partial<DeviceGroupValues> = {}): Partial<DeviceGroupValues> {
  const { description, osFeedType, updatePolicy, allowCrashDumpsCollection, regionalDataBoundary } = properties;
  return {
    ...(description === undefined ? {} : { description }),
    ...(osFeedType === undefined ? {} : { osFeedType }),
    ...(updatePolicy === undefined ? {} : { updatePolicy }),
    ...(allowCrashDumpsCollection === undefined ? {} : { allowCrashDumpsCollection }),
    ...(regionalDataBoundary === undefined ? {} : { regionalDataBoundary }),
  };
}
