// Catalogs_*: the operations on catalogs. Never decides anything: the domain does.

import type { Static } from 'typebox';
import type { PageWanted } from '../domain/management-store.ts';
import { parseName } from '../domain/resource-names.ts';
import type { CatalogValues } from '../domain/resources.ts';
import { armCatalog, armDevice, armDeviceGroup } from './arm-resources.ts';
import type { Answer, Call } from './operation.ts';
import { deleted, listAnswer, operation, written } from './operation.ts';
import { CATALOG, RESOURCE_GROUP, SUBSCRIPTION } from './paths.ts';
import { CatalogBody, CatalogUpdateBody, ListDeviceGroupsBody } from './request-bodies.ts';

export const CATALOG_OPERATIONS = [
  operation({
    id: 'Catalogs_ListBySubscription',
    methods: ['GET'],
    path: `${SUBSCRIPTION}/catalogs`,
    handle: async (call) => {
      const { subscription } = call.place;
      return listAnswer(call, (page) => call.management.store.listCatalogs({ subscription }, page), armCatalog);
    },
  }),
  operation({
    id: 'Catalogs_ListByResourceGroup',
    methods: ['GET'],
    path: `${RESOURCE_GROUP}/catalogs`,
    handle: async (call) => {
      const { scope } = call.place;
      return listAnswer(call, (page) => call.management.store.listCatalogs(scope, page), armCatalog);
    },
  }),
  operation({
    id: 'Catalogs_Get',
    methods: ['GET'],
    path: CATALOG,
    handle: async ({ management, place }) => ({
      status: 200,
      body: armCatalog(await management.catalog(place.catalog)),
    }),
  }),
  operation({
    id: 'Catalogs_CreateOrUpdate',
    methods: ['PUT'],
    path: CATALOG,
    body: CatalogBody,
    handle: async ({ management, place, body, operator }) => {
      const values = { tags: body.tags ?? {}, ...given(body.properties) };
      const { item, isNew } = await management.writeCatalog(place.catalog, values, operator);
      return written(isNew, armCatalog(item));
    },
  }),
  operation({
    id: 'Catalogs_Update',
    methods: ['PATCH'],
    path: CATALOG,
    body: CatalogUpdateBody,
    handle: async ({ management, place, body, operator }) => ({
      status: 200,
      body: armCatalog(await management.changeCatalog(place.catalog, changesIn(body), operator)),
    }),
  }),
  operation({
    id: 'Catalogs_Delete',
    methods: ['DELETE'],
    path: CATALOG,
    handle: async ({ management, place }) => deleted(await management.store.deleteCatalog(place.catalog)),
  }),
  operation({
    id: 'Catalogs_CountDevices',
    methods: ['POST'],
    path: `${CATALOG}/countDevices`,
    handle: async ({ management, place }) => ({
      status: 200,
      body: { value: await management.store.countDevices({ kind: 'catalog', key: place.catalog }) },
    }),
  }),
  operation({
    id: 'Catalogs_ListDeviceGroups',
    methods: ['POST'],
    path: `${CATALOG}/listDeviceGroups`,
    body: ListDeviceGroupsBody,
    handle: async (call) => listGroups(call, call.body.deviceGroupName),
  }),
  operation({
    id: 'Catalogs_ListDevices',
    methods: ['POST', 'GET'],
    path: `${CATALOG}/listDevices`,
    handle: async (call) => {
      const { catalog } = call.place;
      return listAnswer(
        call,
        (page) => call.management.store.listDevices({ kind: 'catalog', key: catalog }, page),
        armDevice,
      );
    },
  }),
];

/** The pages after the first of Catalogs_ListDeviceGroups: what its body said is in the link. */
export const LIST_DEVICE_GROUPS_PAGES = operation({
  id: 'Catalogs_ListDeviceGroups',
  methods: ['GET'],
  path: `${CATALOG}/listDeviceGroups`,
  handle: async (call) => listGroups(call, call.listing.deviceGroupName),
});

function changesIn({ tags, properties }: Static<typeof CatalogUpdateBody>): Partial<CatalogValues> {
  return { ...(tags === undefined ? {} : { tags }), ...given(properties) };
}

/** Without what the service itself says of a catalog. */
function given(values: Partial<CatalogValues> = {}): Omit<CatalogValues, 'tags'> {
  const { publisherSignature, certificateSubject } = values;
  return {
    ...(publisherSignature === undefined ? {} : { publisherSignature }),
    ...(certificateSubject === undefined ? {} : { certificateSubject }),
  };
}

async function listGroups(call: Call<unknown>, name: string | undefined): Promise<Answer> {
  const { catalog } = call.place;
  const only = name === undefined ? {} : { deviceGroup: parseName('deviceGroup', name) };
  const read = (page: PageWanted) => call.management.store.listDeviceGroups({ ...catalog, ...only }, page);
  return listAnswer(call, read, armDeviceGroup, name === undefined ? {} : { deviceGroupName: name });
}
