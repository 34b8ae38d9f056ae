// What bodies the operations on images, deployments and publisher keys take. Never a property that is not listed; what the service
// itself answers with may come back, is of any value, and is ignored.

import { Type } from 'typebox';
import { IMAGE_BOUNDARIES } from '../domain/image-store.ts';
import { CLOSED, ignored, oneOf, RESOURCE, resource } from './request-bodies.ts';

/** What an image says of itself when it is read. */
const IMAGE_FACTS = {
  imageName: ignored,
  uri: ignored,
  description: ignored,
  componentId: ignored,
  imageType: ignored,
  version: ignored,
  rollbackIndex: ignored,
  sizeBytes: ignored,
  sha256: ignored,
  publisherKeyId: ignored,
  provisioningState: ignored,
};

export const ImageBody = Type.Object(
  {
    ...RESOURCE,
    properties: Type.Object(
      {
        ...IMAGE_FACTS,
        image: Type.String(),
        imageId: Type.Optional(Type.String()),
        regionalDataBoundary: oneOf(IMAGE_BOUNDARIES),
      },
      CLOSED,
    ),
  },
  CLOSED,
);

/** An image by its id, its name (which is the same) or its whole resource. */
const deployedImage = Type.Object(
  {
    ...RESOURCE,
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    properties: Type.Optional(
      Type.Object(
        { ...IMAGE_FACTS, image: ignored, regionalDataBoundary: ignored, imageId: Type.Optional(Type.String()) },
        CLOSED,
      ),
    ),
  },
  CLOSED,
);

export const DeploymentBody = resource({
  deploymentId: ignored,
  deploymentDateUtc: ignored,
  provisioningState: ignored,
  deployedImages: Type.Optional(Type.Array(deployedImage)),
});

export const PublisherKeyBody = Type.Object(
  {
    ...RESOURCE,
    properties: Type.Object({ publicKey: Type.String(), keyId: ignored, provisioningState: ignored }, CLOSED),
  },
  CLOSED,
);
