// The service of a story: a store and certificates in a folder of its own, under the profile's authority, so that the user's own fleet
// never sees it. Gone after the story.

import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { STATE_PLACES } from '../../factory/profile.ts';
import type { Profile } from '../../factory/profile.ts';
import { Fleet } from '../service/fleet.ts';
import { ServiceClient } from '../service/service-client.ts';
import { startService } from '../service/service-process.ts';
import type { DeviceApiAddress } from '../service/service-record.ts';
import { deviceApiOf, serviceAccess } from '../service/service-record.ts';

export interface StoryService {
  readonly fleet: Fleet;
  readonly deviceApi: DeviceApiAddress;
  /** PEM of the root that the chains of devices end in. */
  readonly root: string;
  /** The SQLite file, for a hand on the service's disk. */
  readonly store: string;
  /** The profile, with an endorsement list of the story's own. */
  readonly profile: Profile;
  /** A place for the story's other files. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Starts it. Errors: those of `startService`. */
export async function startStoryService(profile: Profile): Promise<StoryService> {
  const folder = await mkdtemp(join(profile.state, 'story-'));
  const away = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const state = join(folder, 'state');
    await mkdir(state, { mode: 0o700 });
    const authority = join(state, STATE_PLACES.authority);
    await symlink(resolve(profile.state, STATE_PLACES.authority), authority, 'junction');
    const store = join(folder, 'service.db');
    const service = await startService({ store: `sqlite:${store}`, state, port: '0', cwd: folder });
    try {
      const access = await serviceAccess(state, undefined);
      return {
        fleet: new Fleet(new ServiceClient(access)),
        deviceApi: await deviceApiOf(state),
        root: access.root,
        store,
        profile: { ...profile, endorsements: join(folder, STATE_PLACES.endorsements) },
        folder,
        async stop() {
          await service.stop();
          await away();
        },
      };
    } catch (error) {
      await service.stop();
      throw error;
    }
  } catch (error) {
    await away();
    throw error;
  }
}
