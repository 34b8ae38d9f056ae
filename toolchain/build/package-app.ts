// A component, a manifest and files to an unsigned image package. Never signs: whoever holds a key does.

import { createHash } from 'node:crypto';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { decodeImage, encodeImage } from '../../contracts/core/image.ts';
import type { ImageFiles } from '../../contracts/core/image-files.ts';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import { compileGrants } from '../../contracts/wire/compile-grants.ts';
import { encodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { BuildError } from './build-error.ts';

export interface PackageParts {
  readonly component: Uint8Array;
  readonly manifest: PackagedManifest;
  readonly files: ImageFiles;
  readonly version: string;
  readonly rollback: number;
  readonly language: string;
  /** As the author named it. */
  readonly hardware: string;
  /** SHA-256 over the sources; absent for a component that was not built here. */
  readonly sourceDigest: Uint8Array | undefined;
  readonly memoryLimitBytes: number;
  /** The catalog whose devices may run it by the service's signature; absent: it can only be sideloaded. */
  readonly catalogId: ComponentId | undefined;
}

export interface PackagedApp {
  /** Unsigned. */
  readonly image: Uint8Array;
  readonly imageId: ImageId;
  readonly componentId: ComponentId;
}

/** Same parts, same bytes. Errors: `image-too-large`, `ImageFilesErrorCode`, `ImageMetadataErrorCode`. */
export function packageApp(parts: PackageParts): PackagedApp {
  const { component, manifest, version, language, hardware, sourceDigest, catalogId } = parts;
  const metadata = { name: manifest.name, version, language, hardware };
  const image = encodeImage(
    {
      kind: 'application',
      rollbackIndex: parts.rollback,
      componentId: manifest.componentId,
      ...(catalogId === undefined ? {} : { catalogId }),
      grantBytes: encodeGrants(compileGrants(manifest, { memoryBytes: parts.memoryLimitBytes })),
      metadata: encodeImageMetadata(sourceDigest === undefined ? metadata : { ...metadata, sourceDigest }),
      manifest: manifest.bytes,
      component,
      files: encodeImageFiles(parts.files),
    },
    sha256,
  );
  if (image.length > IMAGE_MAX_BYTES) {
    throw new BuildError('image-too-large', `the image has ${image.length} bytes, ${IMAGE_MAX_BYTES} are allowed`, {
      fault: 'caller',
    });
  }
  return { image, imageId: decodeImage(image, sha256).imageId, componentId: manifest.componentId };
}

/**
 * The same app for the devices of a catalog, unsigned again: the catalog stands in what signatures are over. Errors: those of
 * `decodeImage`.
 */
export function packageForCatalog(packageBytes: Uint8Array, catalogId: ComponentId): PackagedApp {
  const { kind, rollbackIndex, componentId, grantBytes, metadata, manifest, component, files } = decodeImage(
    packageBytes,
    sha256,
  );
  const parts = { kind, rollbackIndex, componentId, catalogId, grantBytes, metadata, manifest, component, files };
  const image = encodeImage(parts, sha256);
  return { image, imageId: decodeImage(image, sha256).imageId, componentId };
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
