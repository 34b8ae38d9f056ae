// Images_* and Catalogs_UploadImage: the operations on images. Never decides anything: the domain does.

import type { Static } from 'typebox';
import { PACKAGE_MAX_BYTES } from '../domain/images.ts';
import { armImage } from './arm-update-resources.ts';
import { base64Bytes } from './base64.ts';
import type { Answer, Call } from './operation.ts';
import { deleted, listAnswer, operation, written } from './operation.ts';
import { CATALOG } from './paths.ts';
import { ImageBody } from './update-bodies.ts';

const IMAGE = `${CATALOG}/images/:imageName`;
/** A package in base64, and room for the rest of the resource. */
const BODY_MAX_BYTES = Math.ceil(PACKAGE_MAX_BYTES / 3) * 4 + 16 * 1024;

export const IMAGE_OPERATIONS = [
  operation({
    id: 'Images_ListByCatalog',
    methods: ['GET'],
    path: `${CATALOG}/images`,
    handle: async (call) => {
      const { catalog } = call.place;
      return listAnswer(call, (page) => call.updates.stores.images.listImages(catalog, page), armImage);
    },
  }),
  operation({
    id: 'Images_Get',
    methods: ['GET'],
    path: IMAGE,
    handle: async ({ updates, place }) => ({
      status: 200,
      body: armImage(await updates.images.find(place.catalog, place.text('imageName'))),
    }),
  }),
  operation({
    id: 'Images_CreateOrUpdate',
    methods: ['PUT'],
    path: IMAGE,
    body: ImageBody,
    bodyMaxBytes: BODY_MAX_BYTES,
    handle: async (call) => upload(call, call.place.text('imageName')),
  }),
  operation({
    id: 'Images_Delete',
    methods: ['DELETE'],
    path: IMAGE,
    handle: async ({ updates, place, operator }) =>
      deleted(await updates.images.delete(place.catalog, place.text('imageName'), operator)),
  }),
  operation({
    id: 'Catalogs_UploadImage',
    methods: ['POST'],
    path: `${CATALOG}/uploadImage`,
    body: ImageBody,
    bodyMaxBytes: BODY_MAX_BYTES,
    handle: async (call) => upload(call, call.body.properties.imageId),
  }),
];

async function upload({ updates, place, body, operator }: Call<Static<typeof ImageBody>>, imageId: string | undefined) {
  const { image, regionalDataBoundary = 'None' } = body.properties;
  const packageBytes = base64Bytes(image, '/properties/image');
  const wanted = { packageBytes, regionalDataBoundary, imageId };
  const { item, isNew } = await updates.images.add(place.catalog, wanted, operator);
  const answer: Answer = written(isNew, armImage(item));
  return answer;
}
