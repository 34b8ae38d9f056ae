// What bodies the operations take. Never a property that is not listed: a misspelt one must not be lost in silence. What the
// service itself answers with may come back in a body, is of any value, and is ignored.

import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import { CRASH_DUMPS, DATA_BOUNDARIES, OS_FEEDS, UPDATE_POLICIES } from '../domain/resources.ts';

const CLOSED = { additionalProperties: false } as const;
const ignored = Type.Optional(Type.Unknown());
const RESOURCE = { id: ignored, name: ignored, type: ignored, systemData: ignored };

const description = Type.Optional(Type.String());
function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Optional(Type.Unsafe<Words[number]>(Type.Enum([...words])));
}
const tags = Type.Record(Type.String(), Type.String());

/** The only place that there is: the service's own. */
export const CatalogBody = Type.Object(
  {
    ...RESOURCE,
    location: Type.String({ pattern: '^[Gg][Ll][Oo][Bb][Aa][Ll]$' }),
    tags: Type.Optional(tags),
    properties: Type.Optional(Type.Object({ tenantId: ignored, provisioningState: ignored }, CLOSED)),
  },
  CLOSED,
);
export const CatalogUpdateBody = Type.Object({ tags: Type.Optional(tags) }, CLOSED);

const product = { description };
export const ProductBody = resource({ ...product, provisioningState: ignored });
export const ProductUpdateBody = Type.Object({ properties: Type.Optional(Type.Object(product, CLOSED)) }, CLOSED);

const deviceGroup = {
  description,
  osFeedType: oneOf(OS_FEEDS),
  updatePolicy: oneOf(UPDATE_POLICIES),
  allowCrashDumpsCollection: oneOf(CRASH_DUMPS),
  regionalDataBoundary: oneOf(DATA_BOUNDARIES),
};
export const DeviceGroupBody = resource({ ...deviceGroup, hasDeployment: ignored, provisioningState: ignored });
export const DeviceGroupUpdateBody = Type.Object(
  { properties: Type.Optional(Type.Object(deviceGroup, CLOSED)) },
  CLOSED,
);

export const ListDeviceGroupsBody = Type.Object({ deviceGroupName: Type.Optional(Type.String()) }, CLOSED);

function resource<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object({ ...RESOURCE, properties: Type.Optional(Type.Object(properties, CLOSED)) }, CLOSED);
}
