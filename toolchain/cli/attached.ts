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
  const parent = join(state, STATE_PLACES.devices);
  if (!existsSync(parent)) return [];
  const names = (await readdir(parent, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const listed = names.sort().map(async (name) => {
    const folder = join(parent, name);
    return { name, folder, attached: await answers(folder) };
  });
  return Promise.all(listed);
}

/** Connects, does the work, and hangs up whatever happens. Errors: `no-device-attached`, `several-devices-attached`, those of the client. */
export async function withDevice<Result>(
  cwd: string,
  choice: DeviceChoice,
  work: (client: DeviceClient, folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await chosenFolder(stateFolder(cwd, choice), choice.device);
  const client = await connectDevice(folder);
  try {
    return await work(client, folder);
  } finally {
    client.close();
  }
}

async function chosenFolder(state: string, name: string | undefined): Promise<string> {
  if (name !== undefined) return deviceFolder(state, name);
  const attached = (await listDevices(state)).filter((device) => device.attached);
  const [only] = attached;
  if (only === undefined) {
    throw new CliError('no-device-attached', `no device in ${state} is powered on`, {
      fault: 'caller',
      hint: 'Start one in another terminal: npx casemate up',
    });
  }
  if (attached.length > 1) {
    const names = attached.map((device) => device.name);
    throw new CliError('several-devices-attached', `${names.length} devices are powered on`, {
      fault: 'caller',
      hint: `Choose one with --device: ${names.join(', ')}`,
      details: { names },
    });
  }
  return only.folder;
}

async function answers(folder: string): Promise<boolean> {
  try {
    (await connectDevice(folder)).close();
    return true;
  } catch (error) {
    if (error instanceof FactoryError) return false;
    throw error;
  }
}
