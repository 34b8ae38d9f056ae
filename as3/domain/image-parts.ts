// Manifest, grants, metadata and files of an application image: whether they are what devices will take. Never trusts the grants:
// they are compiled from the manifest again.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ImagePackage } from '../../contracts/core/image.ts';
import { compileGrants } from '../../contracts/wire/compile-grants.ts';
import type { ImageMetadata } from '../../contracts/wire/image-metadata.ts';
import { decodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { ServiceError } from './service-error.ts';

export interface ImagePartsRead {
  readonly manifest: PackagedManifest;
  readonly metadata: ImageMetadata;
}

/** Errors: `image-manifest-invalid`, `image-grants-mismatch`, `image-malformed`. */
export function readImageParts({
  manifest,
  componentId,
  grants,
  grantBytes,
  metadata,
  files,
}: ImagePackage): ImagePartsRead {
  const verdict = checkPackagedManifest(manifest);
  if (!verdict.ok) {
    const [first] = verdict.errors;
    const where = first === undefined ? '' : `: ${first.code} at ${first.path}: ${first.message}`;
    throw refused('image-manifest-invalid', `the manifest is not valid${where}`);
  }
  const { packaged } = verdict;
  if (packaged.componentId !== componentId) {
    throw refused('image-manifest-invalid', `the manifest is of component ${packaged.componentId}`);
  }
  // The monitor reads the grants alone, people read the manifest alone: what they say must be one thing.
  const isSame =
    grants !== undefined &&
    sameBytes(encodeGrants(compileGrants(packaged, { memoryBytes: grants.memoryBytes })), grantBytes);
  if (!isSame) throw refused('image-grants-mismatch', 'the manifest asks for something else than the grants give');
  const read = malformedUnless('metadata', () => decodeImageMetadata(metadata));
  if (read.name !== packaged.name) {
    throw refused('image-malformed', 'the metadata has another name than the manifest');
  }
  malformedUnless('files', () => decodeImageFiles(files));
  return { manifest: packaged, metadata: read };
}

function malformedUnless<Value>(part: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!isCoded(cause)) throw cause;
    throw refused('image-malformed', `the ${part} section: ${cause.code}: ${cause.message}`, cause);
  }
}

function refused(
  code: 'image-manifest-invalid' | 'image-grants-mismatch' | 'image-malformed',
  message: string,
  cause?: unknown,
): ServiceError {
  return new ServiceError(code, message, { fault: 'caller', ...(cause === undefined ? {} : { cause }) });
}
