// Where a resource id in a body leads. Never believes its spelling: its names are let through by their rules, as those of a path.

import { ApiError } from './api-error.ts';
import { Place } from './operation.ts';

const GROUP_ID =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.AzureSphere\/catalogs\/([^/]+)\/products\/([^/]+)\/deviceGroups\/([^/]+)$/i;

/** Of `.../deviceGroups/NAME`, in any letter case. Errors: `request-malformed`. */
export function deviceGroupPlace(id: string, target: string): Place {
  const [, subscriptionId, resourceGroupName, catalogName, productName, deviceGroupName] = GROUP_ID.exec(id) ?? [];
  const names = { subscriptionId, resourceGroupName, catalogName, productName, deviceGroupName };
  const isWhole = Object.values(names).every((name) => name !== undefined);
  if (isWhole) return new Place(names as Readonly<Record<keyof typeof names, string>>);
  throw new ApiError('request-malformed', 'not the resource id of a device group', {
    fault: 'caller',
    details: { target },
  });
}
