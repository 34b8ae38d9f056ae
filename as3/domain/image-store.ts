// What images and publisher keys ask of the database; test/support/image-store-conformance.ts runs on each. Types only. Every
// method is atomic, and none ever answers with half of a change.

import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';
import type { Page, PageWanted, Written } from './management-store.ts';
import type { CatalogKey, Stamp, Stamped } from './resources.ts';

/** A catalog has one: a claim binds a device to it for good (docs/adr/0009). */
export interface PublisherKey extends Stamped {
  readonly name: string;
  /** SEC 1 uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of `publicKey`: how claim statements and signature slots name it. */
  readonly keyId: Uint8Array;
}

/** What a claim and an upload ask about a catalog. */
export interface PublisherPolicy {
  /** Whether apps of the catalog need a publisher's signature; then a claim without `key` is refused. */
  readonly isRequired: boolean;
  readonly key: PublisherKey | undefined;
}

/** The words of the API; also those of the store. */
export const IMAGE_BOUNDARIES = ['None', 'EU'] as const;

/** An image that the service signed. */
export interface ImageRecord {
  readonly imageId: ImageId;
  readonly componentId: ComponentId;
  readonly name: string;
  readonly version: string;
  readonly rollbackIndex: number;
  /** Of the signed package. */
  readonly sizeBytes: number;
  /** SHA-256 of the signed package: what a target of the director says. */
  readonly packageDigest: Uint8Array;
  /** SHA-256 of the bytes that signatures are over: what evidence says of a running app. */
  readonly signedDigest: Uint8Array;
  /** The publisher whose signature is in the package. */
  readonly publisherKeyId: Uint8Array | undefined;
  readonly regionalDataBoundary: (typeof IMAGE_BOUNDARIES)[number];
}
export interface StoredImage extends ImageRecord {
  readonly catalog: CatalogKey;
  readonly added: Stamp;
}

/** What evidence of a catalog's devices may name. */
export interface SignedApp {
  readonly componentId: ComponentId;
  readonly signedDigest: Uint8Array;
  readonly rollbackIndex: number;
}

/** Errors of every method with a `CatalogKey`: `catalog-not-found`. */
export interface ImageStore {
  publisherPolicy(key: CatalogKey): Promise<PublisherPolicy>;
  /** Errors: `publisher-key-in-use`. */
  writePublisherKey(
    key: CatalogKey,
    values: Pick<PublisherKey, 'name' | 'publicKey' | 'keyId'>,
    stamp: Stamp,
  ): Promise<Written<PublisherKey>>;

  /** One that is there stays as it is, unless the new one has the signature of a publisher that it lacks. */
  addImage(key: CatalogKey, image: ImageRecord, packageBytes: Uint8Array, stamp: Stamp): Promise<Written<StoredImage>>;
  findImage(key: CatalogKey, imageId: ImageId): Promise<StoredImage | undefined>;
  /** The signed package. */
  readPackage(key: CatalogKey, imageId: ImageId): Promise<Uint8Array | undefined>;
  listImages(key: CatalogKey, page: PageWanted): Promise<Page<StoredImage>>;
  /**
   * Its package is gone; that it was signed is kept: a device that still runs it must be able to attest, or it could not be
   * updated. `false` if there was none. Errors: `image-deployed` while a device group's current deployment has it.
   */
  deleteImage(key: CatalogKey, imageId: ImageId, stamp: Stamp): Promise<boolean>;
  /** Every app that was ever signed for the catalog with this id, deleted ones too. */
  signedApps(catalogId: string): Promise<readonly SignedApp[]>;
}
