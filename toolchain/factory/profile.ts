// The development profile: one service authority, one OS release, one developer key and any number of devices in one state
// folder. Never the place of a production service: its keys lie on a developer's disk.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { AuthorityClient } from './authority-client.ts';
import { FactoryError } from './factory-error.ts';
import { hollowSources } from './hollow-os.ts';
import type { OsRelease } from './os-release.ts';
import { currentRelease } from './release-cache.ts';
import { signedEndorsement } from './endorsement.ts';
import { registerStation } from './registration.ts';
import type { FactoryKey, SigningKey } from './signing-key.ts';
import { ensureFactoryKey, ensureSigningKey } from './signing-key.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** What lies where in a state folder. */
export const STATE_PLACES = {
  authority: 'authority',
  releases: 'releases',
  devices: 'devices',
  keys: 'keys',
  developmentKey: 'keys/development.pem',
  factoryKey: 'keys/factory.pem',
  registration: 'registered-station.json',
  endorsements: 'endorsed-devices.txt',
} as const;

export interface Profile {
  readonly state: string;
  readonly authority: AuthorityClient;
  readonly anchors: TrustAnchors;
  readonly release: OsRelease;
  /** Signs development images; a device accepts them with the capability of `developmentCapability`. */
  readonly developmentKey: SigningKey;
  /** Signs the list of the devices that this station made. */
  readonly factoryKey: FactoryKey;
  /** The list of the devices that this station made. */
  readonly endorsements: string;
}

const DEVICE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Opens the profile in `state`, and makes what is not there. Several processes may do so at once. Errors: the authority's
 * own codes, those of `currentRelease` and `ensureSigningKey`, `state-folder-unusable`.
 */
export async function prepareProfile(state: string): Promise<Profile> {
  await makeFolders(state);
  const authority = new AuthorityClient(join(state, STATE_PLACES.authority));
  const anchors = await authority.init();
  const factoryKey = await ensureFactoryKey(join(state, STATE_PLACES.factoryKey));
  const [release, developmentKey] = await Promise.all([
    currentRelease(join(state, STATE_PLACES.releases), anchors, authority),
    ensureSigningKey(join(state, STATE_PLACES.developmentKey)),
    registerStation(join(state, STATE_PLACES.registration), authority, anchors, factoryKey),
  ]);
  const endorsements = join(state, STATE_PLACES.endorsements);
  return { state, authority, anchors, release, developmentKey, factoryKey, endorsements };
}

/** The folder of the device with this name. Errors: `device-name-malformed`, so that no name leaves the state folder. */
export function deviceFolder(state: string, name: string): string {
  if (!DEVICE_NAME.test(name)) {
    throw new FactoryError('device-name-malformed', `"${name}" is no name for a device`, {
      fault: 'caller',
      hint: 'lower-case letters, digits, dot, hyphen and underscore, at most 64, beginning with a letter or a digit',
    });
  }
  return join(state, STATE_PLACES.devices, name);
}

/** A capability file (256 bytes) that lets images of the profile's developer key run on this one device. */
export async function developmentCapability(profile: Profile, deviceId: DeviceId): Promise<Uint8Array> {
  const { publicKey } = profile.developmentKey;
  return profile.authority.issueCapability({ deviceId, rights: ['appDevelopment'], developmentKey: publicKey });
}

/** The signed list of all devices that this station made, for a service to take. Errors: `no-devices-made`. */
export async function endorsementFile({
  endorsements,
  factoryKey,
}: Pick<Profile, 'endorsements' | 'factoryKey'>): Promise<Uint8Array> {
  return signedEndorsement(endorsements, factoryKey);
}

/** The profile's release with an OS whose broker allows everything: an attack to play, never a release to use. */
export async function hollowRelease({ state, anchors, authority }: Profile): Promise<OsRelease> {
  return currentRelease(join(state, STATE_PLACES.releases), anchors, authority, hollowSources());
}

async function makeFolders(state: string): Promise<void> {
  try {
    for (const place of ['', STATE_PLACES.releases, STATE_PLACES.devices, STATE_PLACES.keys]) {
      await mkdir(join(state, place), { recursive: true, mode: 0o700 });
    }
  } catch (cause) {
    throw new FactoryError(
      'state-folder-unusable',
      `cannot make the state folder ${state}: ${(cause as Error).message}`,
      {
        fault: 'world',
        hint: 'pass --state with a folder that you may write to',
        cause,
      },
    );
  }
}
