// Devices_*, and the operations by which devices come into a catalog. Never decides anything: the domain does.

import { Type } from 'typebox';
import { ENDORSEMENT_MAX_BYTES } from '../../contracts/wire/endorsement-file.ts';
import type { ClaimPlace } from '../domain/attestation-store.ts';
import { nameKey } from '../domain/resource-names.ts';
import { ServiceError } from '../domain/service-error.ts';
import { ApiError } from './api-error.ts';
import { armDevice } from './arm-resources.ts';
import { base64Bytes } from './base64.ts';
import type { Place } from './operation.ts';
import { listAnswer, operation, written } from './operation.ts';
import { CATALOG, DEVICE, DEVICE_GROUP, SUBSCRIPTION } from './paths.ts';
import { CLOSED, RESOURCE, ignored } from './request-bodies.ts';
import { deviceGroupPlace } from './resource-id.ts';

/** As base64, with room for the rest of the body. */
const ENDORSEMENT_BODY_MAX_BYTES = Math.ceil(ENDORSEMENT_MAX_BYTES / 3) * 4 + 256 * 1024;

const DeviceBody = Type.Object(
  {
    ...RESOURCE,
    properties: Type.Optional(
      Type.Object(
        {
          deviceId: Type.Optional(Type.String()),
          claimEvidence: Type.Optional(Type.String()),
          chipSku: ignored,
          lastAvailableOsVersion: ignored,
          lastInstalledOsVersion: ignored,
          lastOsUpdateUtc: ignored,
          lastUpdateRequestUtc: ignored,
          provisioningState: ignored,
        },
        CLOSED,
      ),
    ),
  },
  CLOSED,
);
const DeviceUpdateBody = Type.Object(
  { properties: Type.Optional(Type.Object({ deviceGroupId: Type.String() }, CLOSED)) },
  CLOSED,
);
const ClaimDevicesBody = Type.Object(
  { deviceIdentifiers: Type.Array(Type.String()), endorsement: Type.Optional(Type.String()) },
  CLOSED,
);
const EndorsementBody = Type.Object({ endorsement: Type.String() }, CLOSED);

export const DEVICE_OPERATIONS = [
  operation({
    id: 'Catalogs_RetrieveClaimNonce',
    methods: ['POST'],
    path: `${CATALOG}/retrieveClaimNonce`,
    isExtension: true,
    handle: async ({ devices, place }) => {
      const { nonce, expiresInSeconds } = await devices.claims.claimNonce(place.catalog);
      return { status: 200, body: { nonce: Buffer.from(nonce).toString('base64'), expiresInSeconds } };
    },
  }),
  operation({
    id: 'Endorsements_Import',
    methods: ['POST'],
    path: `${SUBSCRIPTION}/importEndorsements`,
    body: EndorsementBody,
    bodyMaxBytes: ENDORSEMENT_BODY_MAX_BYTES,
    isExtension: true,
    handle: async ({ devices, body }) => {
      const { added, known } = await devices.claims.importEndorsement(base64Bytes(body.endorsement, '/endorsement'));
      return { status: 200, body: { added, known } };
    },
  }),
  operation({
    id: 'Devices_ListByDeviceGroup',
    methods: ['GET'],
    path: `${DEVICE_GROUP}/devices`,
    handle: async (call) => {
      const { devices } = call.place;
      return listAnswer(call, (page) => call.management.store.listDevices(devices, page), armDevice);
    },
  }),
  operation({
    id: 'Devices_Get',
    methods: ['GET'],
    path: DEVICE,
    handle: async ({ management, place }) => ({
      status: 200,
      body: armDevice(await management.device(place.devices, place.text('deviceName'))),
    }),
  }),
  operation({
    id: 'Devices_CreateOrUpdate',
    methods: ['PUT'],
    path: DEVICE,
    body: DeviceBody,
    bodyMaxBytes: 128 * 1024,
    handle: async ({ management, devices, place, body: { properties } }) => {
      const name = place.text('deviceName');
      if (properties?.deviceId !== undefined && nameKey(properties.deviceId) !== nameKey(name)) {
        throw new ApiError('request-malformed', 'the body names another device than the path', {
          fault: 'caller',
          details: { target: '/properties/deviceId' },
        });
      }
      const evidence = properties?.claimEvidence;
      const token = evidence === undefined ? undefined : base64Bytes(evidence, '/properties/claimEvidence');
      const { isNew } = await devices.claims.claimDevice(claimPlace(place), name, token);
      return written(isNew, armDevice(await management.device(place.devices, name)));
    },
  }),
  operation({
    id: 'Devices_Update',
    methods: ['PATCH'],
    path: DEVICE,
    body: DeviceUpdateBody,
    handle: async ({ management, devices, place, body: { properties } }) => {
      const name = place.text('deviceName');
      // It is where the path says, before it is moved from there.
      await management.device(place.devices, name);
      if (properties === undefined) {
        return { status: 200, body: armDevice(await management.device(place.devices, name)) };
      }
      const to = deviceGroupPlace(properties.deviceGroupId, '/properties/deviceGroupId');
      requireSameCatalog(place, to);
      await devices.claims.moveDevice(claimPlace(to), name);
      return { status: 200, body: armDevice(await management.device(to.devices, name)) };
    },
  }),
  operation({
    id: 'Devices_Delete',
    methods: ['DELETE'],
    path: DEVICE,
    handle: async ({ management, place }) => {
      const { id } = await management.device(place.devices, place.text('deviceName'));
      throw new ServiceError('claim-is-one-way', 'a claimed device stays in its catalog: it keeps the claim for good', {
        fault: 'caller',
        hint: 'move it to another device group, or to .unassigned',
        details: { deviceId: id },
      });
    },
  }),
  operation({
    id: 'DeviceGroups_ClaimDevices',
    methods: ['POST'],
    path: `${DEVICE_GROUP}/claimDevices`,
    body: ClaimDevicesBody,
    bodyMaxBytes: ENDORSEMENT_BODY_MAX_BYTES,
    handle: async ({ devices, place, body: { deviceIdentifiers, endorsement } }) => {
      if (endorsement === undefined) {
        throw new ServiceError('claim-evidence-missing', 'devices are claimed in bulk with their factory’s file', {
          fault: 'caller',
          hint: 'send the endorsement file, as base64, as endorsement',
        });
      }
      const file = base64Bytes(endorsement, '/endorsement');
      const { claimed, known } = await devices.claims.claimDevices(claimPlace(place), deviceIdentifiers, file);
      return { status: 200, body: { claimed, known } };
    },
  }),
];

/** The group of a path, or its catalog alone for the two system words. */
function claimPlace(place: Place): ClaimPlace {
  const scope = place.devices;
  return scope.kind === 'ungrouped' ? scope : { kind: 'group', key: place.deviceGroup };
}

function requireSameCatalog(from: Place, to: Place): void {
  const [here, there] = [from.catalog, to.catalog];
  const names = ['subscription', 'resourceGroup', 'catalog'] as const;
  if (names.every((name) => nameKey(here[name]) === nameKey(there[name]))) return;
  throw new ServiceError('claim-is-one-way', 'a claimed device stays in its catalog', {
    fault: 'caller',
    hint: 'name a device group of the same catalog',
  });
}
