// A catalog's publisher key: whose signature its apps need beside the service's. Never the private half: that stays with whoever
// publishes, so that a service that is taken over cannot publish.

import { isP256Point } from '../../contracts/core/p256.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import type { ImageStore, PublisherKey, PublisherPolicy } from './image-store.ts';
import type { Written } from './management-store.ts';
import type { Clock } from './ports.ts';
import { nameKey } from './resource-names.ts';
import type { CatalogKey, Stamp } from './resources.ts';
import { ServiceError, notFound } from './service-error.ts';

export type { PublisherKey, PublisherPolicy };

const NAME = /^[A-Za-z0-9_-]{1,50}$/;

export class PublisherKeys {
  readonly #store: ImageStore;
  readonly #clock: Clock;
  readonly #sha256: Sha256;

  constructor(parts: { readonly store: ImageStore; readonly clock: Clock; readonly sha256: Sha256 }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#sha256 = parts.sha256;
  }

  /** Errors: `catalog-not-found`. */
  async policyOf(key: CatalogKey): Promise<PublisherPolicy> {
    return this.#store.publisherPolicy(key);
  }

  /** Errors: `catalog-not-found`, `publisher-key-not-found`. */
  async find(key: CatalogKey, name: string): Promise<PublisherKey> {
    const { key: found } = await this.#store.publisherPolicy(key);
    if (found === undefined || nameKey(found.name) !== nameKey(name)) throw notFound('publisher-key-not-found', name);
    return found;
  }

  /**
   * Registers it. Another one in its place is taken only while the catalog has neither devices nor images: they are bound to
   * the first. Errors: `catalog-not-found`, `resource-name-malformed`, `publisher-key-malformed`, `publisher-key-in-use`.
   */
  async write(key: CatalogKey, name: string, publicKey: Uint8Array, operator: string): Promise<Written<PublisherKey>> {
    if (!NAME.test(name)) {
      throw new ServiceError('resource-name-malformed', 'the name of the publisher key is not well formed', {
        fault: 'caller',
        hint: 'a name of this kind has 1 to 50 of A-Z a-z 0-9 _ -',
      });
    }
    // A key off the curve has no owner who could sign, and breaks whoever computes with it.
    if (!isP256Point(publicKey)) {
      throw new ServiceError('publisher-key-malformed', 'publicKey is no uncompressed point of P-256', {
        fault: 'caller',
        hint: 'the base64 of 65 bytes: 04, x, y',
      });
    }
    const stamp: Stamp = { by: operator, at: new Date(this.#clock.nowMs()).toISOString() };
    return this.#store.writePublisherKey(key, { name, publicKey, keyId: this.#sha256(publicKey) }, stamp);
  }
}
