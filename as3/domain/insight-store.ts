// What reports of devices ask of the database. Types only.

import type { DeviceId } from '../../contracts/core/ids.ts';
import type { ReportEvent } from '../../contracts/wire/failure-report.ts';
import type { Page, PageWanted } from './management-store.ts';
import type { CatalogKey } from './resources.ts';

export interface DeviceInsight {
  readonly deviceId: DeviceId;
  readonly event: Omit<ReportEvent, 'id'>;
}

export interface InsightStore {
  /**
   * Stores the events that the device has not reported before, keeps the newest `keep` of the device, and answers how many were
   * new. A device that no catalog has adds none.
   */
  addEvents(
    device: DeviceId,
    events: readonly ReportEvent[],
    received: { readonly at: string; readonly keep: number },
  ): Promise<{ readonly added: number; readonly catalogId: string | undefined }>;
  /** In the order in which they came. Errors: `catalog-not-found`. */
  listInsights(key: CatalogKey, page: PageWanted): Promise<Page<DeviceInsight>>;
}
