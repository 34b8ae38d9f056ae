// Deployments_* and Catalogs_ListDeployments: the operations on deployments. Never decides anything: the domain does.

import type { Static } from 'typebox';
import { ServiceError } from '../domain/service-error.ts';
import { armDeployment } from './arm-update-resources.ts';
import { deleted, listAnswer, operation, written } from './operation.ts';
import { CATALOG, DEVICE_GROUP } from './paths.ts';
import { DeploymentBody } from './update-bodies.ts';

const DEPLOYMENT = `${DEVICE_GROUP}/deployments/:deploymentName`;

export const DEPLOYMENT_OPERATIONS = [
  operation({
    id: 'Deployments_ListByDeviceGroup',
    methods: ['GET'],
    path: `${DEVICE_GROUP}/deployments`,
    handle: async (call) => {
      const { deviceGroup } = call.place;
      const read = call.updates.stores.deployments;
      return listAnswer(call, (page) => read.listDeployments(deviceGroup, page), armDeployment);
    },
  }),
  operation({
    id: 'Deployments_Get',
    methods: ['GET'],
    path: DEPLOYMENT,
    handle: async ({ updates, place }) => ({
      status: 200,
      body: armDeployment(await updates.deployments.find(place.deviceGroup, place.text('deploymentName'))),
    }),
  }),
  operation({
    id: 'Deployments_CreateOrUpdate',
    methods: ['PUT'],
    path: DEPLOYMENT,
    body: DeploymentBody,
    handle: async ({ updates, place, body, operator }) => {
      const images = imageIdsOf(body);
      const name = place.text('deploymentName');
      const { item, isNew } = await updates.deployments.write(place.deviceGroup, name, images, operator);
      return written(isNew, armDeployment(item));
    },
  }),
  operation({
    id: 'Deployments_Delete',
    methods: ['DELETE'],
    path: DEPLOYMENT,
    handle: async ({ updates, place }) =>
      deleted(await updates.deployments.delete(place.deviceGroup, place.text('deploymentName'))),
  }),
  operation({
    id: 'Catalogs_ListDeployments',
    methods: ['POST', 'GET'],
    path: `${CATALOG}/listDeployments`,
    handle: async (call) => {
      const { catalog } = call.place;
      const read = call.updates.stores.deployments;
      return listAnswer(call, (page) => read.listDeployments(catalog, page), armDeployment);
    },
  }),
];

/** Errors: `field-malformed`. */
function imageIdsOf({ properties }: Static<typeof DeploymentBody>): readonly string[] {
  // Taking every app off a fleet must be said: a forgotten property does not say it.
  if (properties?.deployedImages === undefined) throw malformed('is missing; an empty list deploys no app');
  return properties.deployedImages.map(({ id, name, properties: facts }) => {
    const last = id?.slice(id.lastIndexOf('/') + 1);
    const named = [facts?.imageId, name, last].flatMap((text) => text?.toLowerCase() ?? []);
    const [imageId] = named;
    if (imageId === undefined) throw malformed('has an image without its id');
    // Two readers of one body could each take another image.
    if (named.some((other) => other !== imageId)) throw malformed('has an image with two ids');
    return imageId;
  });
}

function malformed(what: string): ServiceError {
  const details = { target: '/properties/deployedImages' };
  return new ServiceError('field-malformed', `deployedImages ${what}`, { fault: 'caller', details });
}
