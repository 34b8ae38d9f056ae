// From a package that somebody uploads to an image that the service signed. Never signs what it has not looked into itself: the
// signature tells every device of the catalog that it may run.

import { readComponent } from '../../component/binary/read-component.ts';
import { ComponentError } from '../../component/component-error.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { ImageId } from '../../contracts/core/ids.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import type { ImagePackage, Sha256 } from '../../contracts/core/image.ts';
import { decodeImage, withSignatures } from '../../contracts/core/image.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { readImageParts } from './image-parts.ts';
import { requireGrantedImports } from './image-imports.ts';
import type { ImageRecord, ImageStore, StoredImage } from './image-store.ts';
import type { Journal } from './journal.ts';
import type { ManagementStore, Written } from './management-store.ts';
import type { Clock, KeyStore } from './ports.ts';
import { publisherSignatureOf } from './publisher-signature.ts';
import type { VerifyEs256 } from './publisher-signature.ts';
import type { CatalogKey } from './resources.ts';
import { ServiceError, notFound } from './service-error.ts';
import { signImage } from './sign-image.ts';

/** Room for customer images in an Azure Sphere device's flash, and in that of the boards here. */
export const PACKAGE_MAX_BYTES = 1024 * 1024;

/** Looks a component over where it can do no harm. Errors: `image-component-invalid`, `component-check-failed`. */
export interface ComponentCheck {
  check(component: Uint8Array): Promise<void>;
}

export interface ImagesParts {
  readonly store: ImageStore;
  readonly catalogs: Pick<ManagementStore, 'findCatalog'>;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly verifyEs256: VerifyEs256;
  readonly components: ComponentCheck;
  readonly journal: Journal;
}

export interface UploadWanted {
  readonly packageBytes: Uint8Array;
  readonly regionalDataBoundary: ImageRecord['regionalDataBoundary'];
  /** What the caller takes the image's id to be; `undefined`: whatever it is. */
  readonly imageId: string | undefined;
}

export class Images {
  readonly #parts: ImagesParts;

  constructor(parts: ImagesParts) {
    this.#parts = parts;
  }

  /**
   * Checks, signs and stores. The same image again is the stored one. Whatever is refused leaves the store as it was and is in
   * the journal. Errors: `ServiceErrorCode`s of images, `catalog-not-found`.
   */
  async add(key: CatalogKey, wanted: UploadWanted, operator: string): Promise<Written<StoredImage>> {
    const catalog = await this.#parts.catalogs.findCatalog(key);
    if (catalog === undefined) throw notFound('catalog-not-found', key.catalog);
    const subject = { catalogId: catalog.id, deviceId: null } as const;
    try {
      const written = await this.#add(catalog, wanted, operator);
      const { name, version, imageId } = written.item;
      if (written.isNew) {
        const text = `${name} ${version} (${imageId}) by ${operator}`;
        this.#parts.journal.record({ kind: 'image-added', ...subject, code: null, text });
      }
      return written;
    } catch (error) {
      if (isCoded(error)) {
        this.#parts.journal.record({ kind: 'image-refused', ...subject, code: error.code, text: error.message });
      }
      throw error;
    }
  }

  /** Errors: `catalog-not-found`, `image-not-found`. */
  async find(key: CatalogKey, imageId: string): Promise<StoredImage> {
    const image = await this.#parts.store.findImage(key, imageId.toLowerCase() as ImageId);
    if (image === undefined) throw notFound('image-not-found', imageId);
    return image;
  }

  /** Errors: `catalog-not-found`, `image-deployed`. */
  async delete(key: CatalogKey, imageId: string, operator: string): Promise<boolean> {
    return this.#parts.store.deleteImage(key, imageId.toLowerCase() as ImageId, this.#stamp(operator));
  }

  async #add(
    catalog: { readonly key: CatalogKey; readonly id: string },
    { packageBytes, regionalDataBoundary, imageId }: UploadWanted,
    operator: string,
  ): Promise<Written<StoredImage>> {
    const { store, keys, sha256, verifyEs256, components } = this.#parts;
    const image = this.#decode(packageBytes);
    if (imageId !== undefined && image.imageId !== imageId.toLowerCase()) {
      throw refused('image-id-mismatch', `the package is image ${image.imageId}`, 'its id follows from its content');
    }
    // Signed for one catalog, so that an operator of one cannot have the devices of another run an app.
    if (image.catalogId !== catalog.id) {
      const hint = `package it for catalog ${catalog.id}`;
      throw refused('image-catalog-mismatch', `the package is for catalog ${image.catalogId}`, hint);
    }
    const policy = await store.publisherPolicy(catalog.key);
    const publisher = publisherSignatureOf(image, policy, verifyEs256);
    const { manifest, metadata } = readImageParts(image);
    const supplied = new Set(manifest.dependencies.map((dependency) => dependency.import));
    requireGrantedImports(readImports(image.component), manifest, supplied);
    const dependencies = dependencyComponents(image, manifest, sha256);
    // The dearest check, and the only one whose reader may fall over, comes last.
    for (const component of [image.component, ...dependencies]) await components.check(component);
    // Signatures that nobody here has checked do not go out to devices under ours.
    const own = withSignatures(packageBytes, encodeSignatures(publisher === undefined ? [] : [publisher]));
    const signed = await signImage(own, 'service', keys, sha256);
    const record: ImageRecord = {
      imageId: image.imageId,
      componentId: image.componentId,
      name: metadata.name,
      version: metadata.version,
      rollbackIndex: image.rollbackIndex,
      sizeBytes: signed.length,
      packageDigest: sha256(signed),
      signedDigest: sha256(image.signedBytes),
      publisherKeyId: publisher?.keyId,
      regionalDataBoundary,
    };
    return store.addImage(catalog.key, record, signed, this.#stamp(operator));
  }

  #decode(packageBytes: Uint8Array): ImagePackage {
    if (packageBytes.length > PACKAGE_MAX_BYTES) {
      throw refused('image-too-large', `the package has ${packageBytes.length} bytes`, `at most ${PACKAGE_MAX_BYTES}`);
    }
    const image = malformedUnless(() => decodeImage(packageBytes, this.#parts.sha256));
    if (image.kind !== 'application') {
      throw refused('image-kind-wrong', `an image of kind ${image.kind}`, 'the service takes applications');
    }
    return image;
  }

  #stamp(by: string) {
    return { by, at: new Date(this.#parts.clock.nowMs()).toISOString() };
  }
}

function readImports(component: Uint8Array) {
  try {
    return readComponent(component);
  } catch (cause) {
    if (!(cause instanceof ComponentError)) throw cause;
    const message = `devices cannot read the component: ${cause.code}: ${cause.message}`;
    throw new ServiceError('image-component-invalid', message, { fault: 'caller', cause });
  }
}

/** Each is what the manifest says it is, and imports no more than its own part of the capabilities opens. */
function dependencyComponents(
  { files }: ImagePackage,
  { dependencies }: PackagedManifest,
  sha256: Sha256,
): readonly Uint8Array[] {
  const inImage =
    dependencies.length === 0 ? new Map<string, Uint8Array>() : malformedUnless(() => decodeImageFiles(files));
  return dependencies.map((dependency) => {
    const bytes = inImage.get(dependency.component);
    if (bytes === undefined || bytesToHex(sha256(bytes)) !== dependency.sha256) {
      const message = `${dependency.component} is not the component that the manifest names for ${dependency.import}`;
      throw new ServiceError('image-component-invalid', message, { fault: 'caller' });
    }
    requireGrantedImports(readImports(bytes), dependency);
    return bytes;
  });
}

function malformedUnless<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!isCoded(cause)) throw cause;
    const message = `the image package is malformed: ${cause.code}: ${cause.message}`;
    throw new ServiceError('image-malformed', message, { fault: 'caller', cause });
  }
}

function refused(
  code: 'image-id-mismatch' | 'image-catalog-mismatch' | 'image-too-large' | 'image-kind-wrong',
  message: string,
  hint: string,
): ServiceError {
  return new ServiceError(code, message, { fault: 'caller', hint });
}
