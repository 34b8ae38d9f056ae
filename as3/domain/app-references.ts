// What evidence may say of apps: every image that the service ever signed for a catalog. Never an image of another catalog.

import { APP_MEASUREMENT } from '../../contracts/core/evidence.ts';
import type { ImageStore } from './image-store.ts';
import type { ReferenceValue } from './verify-evidence.ts';

export interface AppReferences {
  /** By the catalog's id (GUID). The digest is that of the signed bytes, as the monitor measures an app; the version its rollback index. */
  of(catalogId: string): Promise<readonly ReferenceValue[]>;
}

export function appReferences(store: Pick<ImageStore, 'signedApps'>): AppReferences {
  return {
    async of(catalogId) {
      const apps = await store.signedApps(catalogId);
      return apps.map(({ componentId, signedDigest, rollbackIndex }) => ({
        measurementType: `${APP_MEASUREMENT}${componentId}`,
        digest: signedDigest,
        version: String(rollbackIndex),
      }));
    },
  };
}
