// What the service tells its own page in the browser. Never a key, and never markup: every text in it is shown as text.

/** Of each list at most this many are sent; `isCut` says that there are more. */
export const OVERVIEW_MAX_ROWS = 200;

export interface OverviewList<Item> {
  readonly items: readonly Item[];
  readonly isCut: boolean;
}

/** `GET /overview.json`. Times are ISO 8601, UTC. */
export interface FleetOverview {
  readonly catalogs: OverviewList<{ readonly id: string; readonly name: string; readonly resourceGroup: string }>;
  readonly deviceGroups: OverviewList<{
    readonly catalogId: string;
    readonly product: string;
    readonly name: string;
    readonly updatePolicy: string;
    readonly osFeedType: string;
    readonly devices: number;
    /** The current one; `null`: there is none. `images`: name and version of each. */
    readonly deployment: {
      readonly name: string;
      readonly createdAt: string;
      readonly images: readonly string[];
    } | null;
  }>;
  readonly devices: OverviewList<{
    readonly id: string;
    readonly catalogId: string;
    readonly product: string | null;
    readonly deviceGroup: string | null;
    /** Of the last update certificate; `null`: the device has not attested yet. */
    readonly certificateExpiresAt: string | null;
    /** The last image that it fetched. */
    readonly lastUpdate: { readonly title: string; readonly at: string } | null;
  }>;
  readonly images: OverviewList<{
    readonly id: string;
    readonly catalogId: string;
    readonly name: string;
    readonly version: string;
    readonly rollbackIndex: number;
    readonly sizeBytes: number;
    readonly addedAt: string;
  }>;
}

/** Each message of `GET /events` (server-sent events): what happened, the newest last. */
export interface PageEvent {
  readonly at: string;
  readonly kind: string;
  readonly catalogId: string | null;
  readonly deviceId: string | null;
  readonly code: string | null;
  readonly text: string;
}
