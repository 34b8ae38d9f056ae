// Brings an attached device to a service: claimed into a catalog by its own signature, told where the service is, attested. Never
// believes the device about itself: the service does the judging.

import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { ServiceStatus } from '../../../contracts/wire/device-link.ts';
import type { DeviceClient } from '../../factory/device-client.ts';
import { RelayedRefusal } from '../../factory/factory-error.ts';
import { CliError } from '../outcome.ts';
import type { Fleet } from './fleet.ts';
import type { GroupPlace } from './resource-paths.ts';
import type { DeviceApiAddress } from './service-record.ts';

/** The service has no endorsement of the device yet. */
const NOT_ENDORSED = 'device-unknown';

export type ClaimableDevice = Pick<DeviceClient, 'show' | 'collectEvidence'>;
export type AttestingDevice = Pick<DeviceClient, 'configureService' | 'attest'>;

export interface ClaimWanted {
  readonly place: GroupPlace;
  /** The signed list of the station that made the device, for a service that does not know the device yet. */
  readonly endorsement: () => Promise<Uint8Array>;
}

/** Gives its id. Errors: the service's own. */
export async function claimAttached(
  fleet: Fleet,
  { place, endorsement }: ClaimWanted,
  device: ClaimableDevice,
): Promise<string> {
  const { deviceId } = await device.show();
  try {
    await claimOnce(fleet, place, device, deviceId);
  } catch (error) {
    if (!isCoded(error) || error.code !== NOT_ENDORSED) throw error;
    await fleet.importEndorsements(await endorsement());
    await claimOnce(fleet, place, device, deviceId);
  }
  return deviceId;
}

async function claimOnce(fleet: Fleet, place: GroupPlace, device: ClaimableDevice, deviceId: string): Promise<void> {
  const nonce = await fleet.claimNonce(place.catalog);
  await fleet.claimDevice(place, deviceId, await device.collectEvidence(nonce));
}

/** Tells the device where its service is, and has it attest there. Errors: as `requireAttested`. */
export async function attestAttached(
  device: AttestingDevice,
  { host, port }: DeviceApiAddress,
): Promise<ServiceStatus> {
  await device.configureService(host, port);
  return requireAttested(await device.attest());
}

/** Errors: the service's own code with the claim that it did not accept, `device-unclaimed`, `device-not-attested`. */
export function requireAttested(status: ServiceStatus): ServiceStatus {
  if (status.state === 'attested') return status;
  if (status.state === 'unclaimed') {
    throw new CliError('device-unclaimed', 'the service knows the device, and no catalog has it', {
      fault: 'caller',
      hint: 'Claim it: npx casemate device claim --catalog NAME',
    });
  }
  const { lastError, state } = status;
  if (lastError !== null) {
    const { code, message, claim } = lastError;
    throw new RelayedRefusal(code, message, { details: claim === null ? { state } : { state, claim } });
  }
  throw new CliError('device-not-attested', `the device is ${state}`, {
    fault: 'world',
    hint: 'npx casemate device service show says where it looks for its service',
    details: { state },
  });
}
