// Finds the powered-on device that a command means. Never powers one on.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DeviceClient } from '../factory/device-client.ts';
import { connectDevice } from '../factory/device-client.ts';
import { FactoryError } from '../factory/factory-error.ts';
import { STATE_PLACES, deviceFolder } from '../factory/profile.ts';
import { CliError } from './outcome.ts';

/** Where the development profile and its devices lie unless `--state` says otherwise. */
export const DEFAULT_STATE = '.casemate';

export interface DeviceChoice {
  readonly state?: string;
  readonly device?: string;
}

export interface ListedDevice {
  readonly name: string;
  readonly folder: string;
  /** Whether something answers on its service cable. */
  readonly attached: boolean;
}

export function stateFolder(cwd: string, choice: DeviceChoice): string {
  return resolve(cwd, choice.state ?? DEFAULT_STATE);
}

/** Every device of the state folder, by name. */
export async function listDevices(state: string): Promise<readonly ListedDevice[]> {
  const found = await findDevices(state);
  for (const { client } of found) client?.close();
  return found.map(({ name, folder, client }) => ({ name, folder, attached: client !== undefined }));
}

/** Connects, does the work (with the device's folder beside it), and hangs up whatever happens. Errors: `no-device-attached`, `several-devices-attached`, those of the client. */
export async function withDevice<Result>(
  cwd: string,
  choice: DeviceChoice,
  work: (client: DeviceClient, folder: string) => Promise<Result>,
): Promise<Result> {
  const state = stateFolder(cwd, choice);
  const { client, folder } =
    choice.device === undefined ? await onlyAttached(state) : await named(deviceFolder(state, choice.device));
  try {
    return await work(client, folder);
  } finally {
    client.close();
  }
}

interface FoundDevice {
  readonly name: string;
  readonly folder: string;
  /** Connected; absent when nothing answers. */
  readonly client: DeviceClient | undefined;
}

/** Each connection that was made to find a device is the one to use: a cable is free again only some time after it was let go. */
async function findDevices(state: string): Promise<readonly FoundDevice[]> {
  const parent = join(state, STATE_PLACES.devices);
  if (!existsSync(parent)) return [];
  const entries = await readdir(parent, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const found = names.sort().map(async (name) => {
    const folder = join(parent, name);
    return { name, folder, client: await clientIfOn(folder) };
  });
  return Promise.all(found);
}

interface AttachedDevice {
  readonly client: DeviceClient;
  readonly folder: string;
}

async function named(folder: string): Promise<AttachedDevice> {
  return { client: await connectDevice(folder), folder };
}

async function onlyAttached(state: string): Promise<AttachedDevice> {
  const attached = (await findDevices(state)).filter(({ client }) => client !== undefined);
  const [only] = attached;
  if (only?.client === undefined) {
    throw new CliError('no-device-attached', `no device in ${state} is powered on`, {
      fault: 'caller',
      hint: 'Start one in another terminal: npx casemate up',
    });
  }
  if (attached.length > 1) {
    for (const { client } of attached) client?.close();
    const names = attached.map((device) => device.name);
    throw new CliError('several-devices-attached', `${names.length} devices are powered on`, {
      fault: 'caller',
      hint: `Choose one with --device: ${names.join(', ')}`,
      details: { names },
    });
  }
  return { client: only.client, folder: only.folder };
}

async function clientIfOn(folder: string): Promise<DeviceClient | undefined> {
  try {
    return await connectDevice(folder);
  } catch (error) {
    if (error instanceof FactoryError) return undefined;
    throw error;
  }
}
