// Images, deployments, publisher keys and insights as Azure Resource Manager writes resources. Never has a property that the service
// does not know the truth of: there is no address that an image could be read from.

import type { Deployment } from '../domain/deployment-store.ts';
import type { PublisherKey, StoredImage } from '../domain/image-store.ts';
import type { DeviceInsight } from '../domain/insight-store.ts';
import type { CatalogKey, Stamp } from '../domain/resources.ts';
import type { ReportCategory } from '../../contracts/wire/failure-report.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { catalogId, DONE, groupId, PROVIDER, systemData } from './arm-resources.ts';

export function armImage(image: StoredImage): object {
  const { imageId, name, version, componentId, regionalDataBoundary, rollbackIndex, sizeBytes } = image;
  return {
    id: `${catalogId(image.catalog)}/images/${imageId}`,
    name: imageId,
    type: `${PROVIDER}/catalogs/images`,
    systemData: stamped(image.added),
    properties: {
      imageId,
      imageName: name,
      description: `${name} ${version}`,
      componentId,
      imageType: 'Applications',
      regionalDataBoundary,
      version,
      rollbackIndex,
      sizeBytes,
      sha256: bytesToHex(image.packageDigest),
      ...(image.publisherKeyId === undefined ? {} : { publisherKeyId: bytesToHex(image.publisherKeyId) }),
      ...DONE,
    },
  };
}

export function armDeployment({ group, id, name, images, created }: Deployment): object {
  return {
    id: `${groupId(group, group.product, group.deviceGroup)}/deployments/${name}`,
    name,
    type: `${PROVIDER}/catalogs/products/deviceGroups/deployments`,
    systemData: stamped(created),
    properties: {
      deploymentId: id,
      // Of an image that was deleted since, only the id is known.
      deployedImages: images.map(({ imageId, image }) =>
        image === undefined ? { name: imageId, properties: { imageId } } : armImage(image),
      ),
      deploymentDateUtc: created.at,
      ...DONE,
    },
  };
}

export function armPublisherKey(catalog: CatalogKey, key: PublisherKey): object {
  return {
    id: `${catalogId(catalog)}/publisherKeys/${key.name}`,
    name: key.name,
    type: `${PROVIDER}/catalogs/publisherKeys`,
    systemData: systemData(key),
    properties: { publicKey: Buffer.from(key.publicKey).toString('base64'), keyId: bytesToHex(key.keyId), ...DONE },
  };
}

/** Planned is what somebody asked for, unplanned what went wrong (Azure Sphere documentation, "Interpret error data"). */
const EVENT_TYPE: Readonly<Record<ReportCategory, 'Planned' | 'Unplanned'>> = {
  AppUpdate: 'Planned',
  AppUpdateRefused: 'Unplanned',
  AppCrash: 'Unplanned',
  AppExit: 'Unplanned',
};

export function armInsight({ deviceId, event }: DeviceInsight): object {
  const { category, detail, componentId, imageId } = event;
  return {
    deviceId,
    description: `${category} (component_id=${componentId}; image_id=${imageId}; ${detail})`,
    startTimestampUtc: new Date(event.startSeconds * 1000).toISOString(),
    endTimestampUtc: new Date(event.endSeconds * 1000).toISOString(),
    eventCategory: category,
    eventClass: 'App',
    eventType: EVENT_TYPE[category],
    eventCount: event.count,
  };
}

/** What is never changed was last changed when it was made. */
function stamped(created: Stamp): object {
  return systemData({ created, modified: created });
}
