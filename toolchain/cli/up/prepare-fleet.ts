// What a fleet needs before its first device: a catalog, a product with its device groups, the developer as publisher. Made once, and
// left as it is found later.

import type { Profile } from '../../factory/profile.ts';
import type { Fleet } from '../service/fleet.ts';
import type { GroupPlace } from '../service/resource-paths.ts';

const PUBLISHER_KEY_NAME = 'development';

/** Errors: the service's own. */
export async function prepareFleet(fleet: Fleet, profile: Profile, { catalog, product }: GroupPlace): Promise<void> {
  await fleet.ensureCatalog(catalog);
  await fleet.ensureProduct(catalog, product);
  if ((await fleet.publisherKeys(catalog)).length > 0) return;
  await fleet.addPublisherKey(catalog, PUBLISHER_KEY_NAME, profile.developmentKey.publicKey);
}
