// Every operation that this service has, and the list of them that it gives out. Never one that is not built.

import type { Operation } from './operation.ts';
import { operation } from './operation.ts';
import { PROVIDER } from './arm-resources.ts';
import { CATALOG_OPERATIONS, LIST_DEVICE_GROUPS_PAGES } from './catalog-operations.ts';
import { CERTIFICATE_OPERATIONS } from './certificate-operations.ts';
import { DEPLOYMENT_OPERATIONS } from './deployment-operations.ts';
import { IMAGE_OPERATIONS } from './image-operations.ts';
import { INSIGHT_OPERATIONS } from './insight-operations.ts';
import { DEVICE_OPERATIONS } from './device-operations.ts';
import { OPERATIONS } from './paths.ts';
import { PRODUCT_OPERATIONS } from './product-operations.ts';
import { PUBLISHER_KEY_OPERATIONS } from './publisher-key-operations.ts';

const RESOURCE_OPERATIONS: readonly Operation[] = [
  ...CATALOG_OPERATIONS,
  LIST_DEVICE_GROUPS_PAGES,
  ...PRODUCT_OPERATIONS,
  ...DEVICE_OPERATIONS,
  ...CERTIFICATE_OPERATIONS,
  ...PUBLISHER_KEY_OPERATIONS,
  ...IMAGE_OPERATIONS,
  ...DEPLOYMENT_OPERATIONS,
  ...INSIGHT_OPERATIONS,
];

const VERBS = { GET: 'read', PUT: 'write', PATCH: 'write', DELETE: 'delete', POST: 'action' } as const;

/** Azure's words for a right: resource types, then read, write, delete or an action. */
const OPERATION_NAMES = [...new Set(RESOURCE_OPERATIONS.map(rightOf))].map((name) => ({ name, isDataAction: false }));

export const MANAGEMENT_OPERATIONS: readonly Operation[] = [
  operation({
    id: 'Operations_List',
    methods: ['GET'],
    path: OPERATIONS,
    handle: async () => ({ status: 200, body: { value: OPERATION_NAMES } }),
  }),
  ...RESOURCE_OPERATIONS,
];

function rightOf({ path, methods: [method = 'GET'] }: Operation): string {
  const words = path.slice(path.indexOf(PROVIDER)).split('/');
  const types = words.filter((word) => !word.startsWith(':')).join('/');
  return `${types}/${/\/list[A-Z]\w*$/.test(types) ? 'action' : VERBS[method]}`;
}
