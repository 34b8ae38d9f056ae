// What a service does about images, deployments and reports, put together once for all listeners. Never holds state of its own.

import type { AppReferences } from './app-references.ts';
import { appReferences } from './app-references.ts';
import type { DeploymentStore } from './deployment-store.ts';
import { Deployments } from './deployments.ts';
import type { DirectorStore } from './director-store.ts';
import { Director } from './director.ts';
import type { ImageStore } from './image-store.ts';
import type { ComponentCheck } from './images.ts';
import { Images } from './images.ts';
import type { InsightStore } from './insight-store.ts';
import type { Journal } from './journal.ts';
import type { ManagementStore } from './management-store.ts';
import type { Clock, KeyStore } from './ports.ts';
import type { VerifyEs256 } from './publisher-signature.ts';
import { PublisherKeys } from './publisher-keys.ts';
import { Reports } from './reports.ts';

/** The parts of a store that this needs. */
export interface UpdateStores {
  readonly management: Pick<ManagementStore, 'findCatalog'>;
  readonly images: ImageStore;
  readonly deployments: DeploymentStore;
  readonly directors: DirectorStore;
  readonly insights: InsightStore;
}

export interface UpdateDeskParts {
  readonly stores: UpdateStores;
  readonly keys: KeyStore;
  /** The text of TUF root version 1. */
  readonly tufRoot: string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly journal: Journal;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly verifyEs256: VerifyEs256;
  readonly components: ComponentCheck;
}

export interface UpdateDesk {
  /** For what needs no rule beyond the stores' own: lists. */
  readonly stores: UpdateStores;
  readonly publisherKeys: PublisherKeys;
  readonly images: Images;
  readonly deployments: Deployments;
  readonly director: Director;
  readonly reports: Reports;
  readonly references: AppReferences;
}

export function updateDesk(parts: UpdateDeskParts): UpdateDesk {
  const { stores, keys, tufRoot, clock, newId, journal, sha256, verifyEs256, components } = parts;
  const catalogs = stores.management;
  return {
    stores,
    publisherKeys: new PublisherKeys({ store: stores.images, clock, sha256 }),
    images: new Images({ store: stores.images, catalogs, keys, clock, sha256, verifyEs256, components, journal }),
    deployments: new Deployments({ store: stores.deployments, catalogs, clock, newId, journal }),
    director: new Director({
      deployments: stores.deployments,
      images: stores.images,
      issues: stores.directors,
      keys,
      tufRoot,
      clock,
      sha256,
      journal,
    }),
    reports: new Reports({ store: stores.insights, clock, journal, verifyEs256 }),
    references: appReferences(stores.images),
  };
}
