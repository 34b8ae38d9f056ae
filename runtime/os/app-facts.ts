// What the OS knows of an installed application before it runs it. Types only.

import type { Grants } from '../../contracts/core/grants.ts';
import type { ComponentId, ImageId } from '../../contracts/core/ids.ts';

/** Read out of one image, whose grants were found to be what its manifest says. */
export interface AppFacts {
  readonly componentId: ComponentId;
  readonly imageId: ImageId;
  /** `Name` of the manifest. */
  readonly name: string;
  readonly version: string;
  readonly grants: Grants;
}

/** From the bytes of a whole package. Errors: `OsErrorCode` (`grants-mismatch`, …) and those of the image's parts. */
export type ReadAppFacts = (packageBytes: Uint8Array) => AppFacts;
