// What bodies the operations take. Never a property that is not listed: a misspelt one must not be lost in silence. What the
// service itself answers with may come back in a body, is of any value, and is ignored.

import { Type } from 'typebox';
import type { TSchema } from 'typebox';
import {
  CERTIFICATE_SUBJECTS,
  CRASH_DUMPS,
  DATA_BOUNDARIES,
  OS_FEEDS,
  PUBLISHER_SIGNATURES,
  UPDATE_POLICIES,
} from '../domain/resources.ts';

export const CLOSED = { additionalProperties: false } as const;
export const ignored = Type.Optional(Type.Unknown());
export const RESOURCE = { id: ignored, name: ignored, type: ignored, systemData: ignored };

const description = Type.Optional(Type.String());
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Optional(Type.Unsafe<Words[number]>(Type.Enum([...words])));
}
const tags = Type.Record(Type.String(), Type.String());
const publisherSignature = oneOf(PUBLISHER_SIGNATURES);
const certificateSubject = oneOf(CERTIFICATE_SUBJECTS);

/** The only place that there is: the service's own. */
export const CatalogBody = Type.Object(
  {
    ...RESOURCE,
    location: Type.String({ pattern: '^[Gg][Ll][Oo][Bb][Aa][Ll]$' }),
    tags: Type.Optional(tags),
    properties: Type.Optional(
      Type.Object({ publisherSignature, certificateSubject, tenantId: ignored, provisioningState: ignored }, CLOSED),
    ),
  },
  CLOSED,
);
export const CatalogUpdateBody = Type.Object(
  {
    tags: Type.Optional(tags),
    properties: Type.Optional(Type.Object({ publisherSignature, certificateSubject }, CLOSED)),
  },
  CLOSED,
);

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

export function resource<Properties extends Record<string, TSchema>>(properties: Properties) {
  return Type.Object({ ...RESOURCE, properties: Type.Optional(Type.Object(properties, CLOSED)) }, CLOSED);
}
