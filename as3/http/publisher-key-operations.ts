// PublisherKeys_*: a catalog's publisher key, an extension of ours. Never decides anything: the domain does.

import { armPublisherKey } from './arm-update-resources.ts';
import { base64Bytes } from './base64.ts';
import { operation, written } from './operation.ts';
import { CATALOG } from './paths.ts';
import { PublisherKeyBody } from './update-bodies.ts';

const KEYS = `${CATALOG}/publisherKeys`;

export const PUBLISHER_KEY_OPERATIONS = [
  operation({
    id: 'PublisherKeys_ListByCatalog',
    methods: ['GET'],
    path: KEYS,
    isExtension: true,
    handle: async ({ updates, place }) => {
      const { catalog } = place;
      const { key } = await updates.publisherKeys.policyOf(catalog);
      return { status: 200, body: { value: key === undefined ? [] : [armPublisherKey(catalog, key)] } };
    },
  }),
  operation({
    id: 'PublisherKeys_Get',
    methods: ['GET'],
    path: `${KEYS}/:keyName`,
    isExtension: true,
    handle: async ({ updates, place }) => {
      const { catalog } = place;
      const key = await updates.publisherKeys.find(catalog, place.text('keyName'));
      return { status: 200, body: armPublisherKey(catalog, key) };
    },
  }),
  operation({
    id: 'PublisherKeys_CreateOrUpdate',
    methods: ['PUT'],
    path: `${KEYS}/:keyName`,
    body: PublisherKeyBody,
    isExtension: true,
    handle: async ({ updates, place, body, operator }) => {
      const { catalog } = place;
      const publicKey = base64Bytes(body.properties.publicKey, '/properties/publicKey');
      const { item, isNew } = await updates.publisherKeys.write(catalog, place.text('keyName'), publicKey, operator);
      return written(isNew, armPublisherKey(catalog, item));
    },
  }),
];
