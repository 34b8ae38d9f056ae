// Moves a claimed device between the device groups of its product. Never out of its catalog: a claim is for good.

import { CliError } from '../outcome.ts';
import type { Fleet } from './fleet.ts';
import { stringOf } from './fleet.ts';
import type { GroupPlace } from './resource-paths.ts';
import type { Resource } from './service-client.ts';

/** The group that a device's resource id puts it in; `undefined`: it is in its catalog alone. */
export function groupOf(device: Resource): GroupPlace | undefined {
  const words = stringOf(device, 'id').split('/');
  const after = (kind: string): string => {
    const at = words.findIndex((word) => word.toLowerCase() === kind.toLowerCase());
    return at < 0 ? '' : (words[at + 1] ?? '');
  };
  const place = { catalog: after('catalogs'), product: after('products'), deviceGroup: after('deviceGroups') };
  // Names of products begin with a letter, a digit or an underscore; the service's own words with a dot.
  return place.product === '' || place.product.startsWith('.') ? undefined : place;
}

export interface MoveWanted {
  readonly deviceId: string;
  /** GUID of the catalog that the device is claimed into, as it says itself: the service looks it up. */
  readonly catalogId: string;
  /** Names; absent: what the service has. */
  readonly catalog: string | undefined;
  readonly product: string | undefined;
  readonly deviceGroup: string;
}

/** Errors: the service's own, `device-in-no-product` when nobody names one. */
export async function moveToGroup(fleet: Fleet, wanted: MoveWanted): Promise<GroupPlace> {
  const { deviceId, deviceGroup } = wanted;
  const catalog = wanted.catalog ?? (await fleet.catalogNamed(wanted.catalogId));
  const now = groupOf(await fleet.device(catalog, deviceId));
  const product = wanted.product ?? now?.product;
  if (product === undefined) {
    throw new CliError('device-in-no-product', `the device is in catalog ${catalog} and in no product`, {
      fault: 'caller',
      hint: `Name one with --product: npx casemate product list --catalog ${catalog}`,
    });
  }
  const place = { catalog, product, deviceGroup };
  await fleet.moveDevice(place, deviceId);
  return place;
}
