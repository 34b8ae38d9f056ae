// What the director of this device wants on it, out of verified targets metadata. Never takes a statement about another device.

import { FLASH_PART } from '../../../contracts/core/flash-map.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { parseComponentId } from '../../../contracts/core/ids.ts';
import { DIRECTOR_FIELD, TARGET_FOLDER } from '../../../contracts/wire/update-target.ts';
import type { TufFile } from './tuf-metadata.ts';
import { malformed } from './tuf-metadata.ts';
import { UpdateError } from './update-error.ts';

export interface DirectedImage {
  readonly componentId: ComponentId;
  /** A GUID in its one spelling. */
  readonly imageId: string;
  readonly rollbackIndex: number;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Directive {
  /** `null`: nothing is deployed, and what is there stays. */
  readonly deploymentId: string | null;
  /** One for each component. */
  readonly images: readonly DirectedImage[];
}

/** As many as the monitor takes. */
const IMAGES_MAX = 64;
const ROLLBACK_INDEX_MAX = 0xffff_ffff;
const SHA256 = /^[0-9a-f]{64}$/;
const DEPLOYMENT_ID = /^[\x21-\x7e]{1,64}$/;

/** Errors: `update-wrong-device`, `update-wrong-catalog`, `update-metadata-malformed`. */
export function readDirective(
  { signed }: TufFile<'targets'>,
  device: { readonly deviceId: string; readonly catalogId: string | undefined },
): Directive {
  const statement = signed.unrecognizedFields[DIRECTOR_FIELD];
  if (!isRecord(statement)) throw malformed('targets', `no ${DIRECTOR_FIELD}`);
  const { deviceId, catalogId, deploymentId } = statement;
  // Every director signs with the same keys: without this, one device's old deployment is another one's new one.
  if (deviceId !== device.deviceId)
    throw new UpdateError('update-wrong-device', 'the metadata is of another device’s director');
  if (device.catalogId === undefined || catalogId !== device.catalogId)
    throw new UpdateError('update-wrong-catalog', 'the metadata is of another catalog than this device belongs to');
  if (deploymentId !== null && (typeof deploymentId !== 'string' || !DEPLOYMENT_ID.test(deploymentId)))
    throw malformed('targets', 'a deployment id is wanted, or null');
  const images = Object.entries(signed.targets).map(([path, target]) => directedImage(path, target));
  if (images.length > IMAGES_MAX) throw malformed('targets', `${images.length} images`);
  if (new Set(images.map(({ componentId }) => componentId)).size < images.length)
    throw malformed('targets', 'two images of one component');
  if (deploymentId === null && images.length > 0) throw malformed('targets', 'images without a deployment');
  return { deploymentId, images };
}

function directedImage(path: string, target: TufFile<'targets'>['signed']['targets'][string]): DirectedImage {
  const { componentId, imageId, rollbackIndex } = target.custom;
  const sha256 = target.hashes['sha256'] ?? '';
  if (!isId(componentId) || !isId(imageId) || path !== `${TARGET_FOLDER}${imageId}`)
    throw malformed('targets', `the ids of ${path.slice(0, 80)}`);
  if (!isWhole(rollbackIndex, 0, ROLLBACK_INDEX_MAX)) throw malformed('targets', `the rollback index of ${imageId}`);
  // Larger than all images together may be: no download could end well.
  if (!isWhole(target.length, 1, FLASH_PART.applications.size) || !SHA256.test(sha256))
    throw malformed('targets', `length and SHA-256 of ${imageId}`);
  return { componentId, imageId, rollbackIndex, sizeBytes: target.length, sha256 };
}

function isId(value: unknown): value is ComponentId {
  return typeof value === 'string' && parseComponentId(value) === value;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
