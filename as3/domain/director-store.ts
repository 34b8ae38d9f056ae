// What the director keeps of each device: the metadata that it made last. Types only.

import type { DeviceId, ImageId } from '../../contracts/core/ids.ts';

/** One signed set for one device; the three roles share its version. */
export interface DirectorIssue {
  readonly version: number;
  /** SHA-256, in hex, of what it says, versions and times left out. */
  readonly contentDigest: string;
  /** When its shortest-lived role ends. */
  readonly expiresMs: number;
  readonly timestamp: string;
  readonly snapshot: string;
  readonly targets: string;
}

export interface DirectorStore {
  lastIssue(device: DeviceId): Promise<DirectorIssue | undefined>;
  /** Takes `issue` in the place of version `after` (0: none yet). `false` when another process was quicker: its versions count. */
  replaceIssue(device: DeviceId, after: number, issue: DirectorIssue): Promise<boolean>;
  /** The last package that the device fetched, for people. */
  recordDelivery(
    device: DeviceId,
    delivery: { readonly imageId: ImageId; readonly title: string; readonly at: string },
  ): Promise<void>;
}
