// The service of a state folder: the one that runs already, or one started for as long as its starter lives. Never two of them.

import { join } from 'node:path';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { Fleet } from './fleet.ts';
import { ServiceClient } from './service-client.ts';
import type { RunningService } from './service-process.ts';
import { startService } from './service-process.ts';
import type { DeviceApiAddress } from './service-record.ts';
import { deviceApiOf, serviceAccess } from './service-record.ts';

export interface HomeService {
  readonly fleet: Fleet;
  readonly url: string;
  readonly deviceApi: DeviceApiAddress;
  /** Address that opens the page once; `null`: the service was there before, and who started it has the address. */
  readonly page: string | null;
  /** Resolves when a service that was started here has ended. */
  readonly ended: Promise<unknown>;
  /** Ends a service that was started here. */
  stop(): Promise<void>;
}

/** As `casemate as3 serve` has it. */
const USUAL_PORT = '4300';
const ANY_PORT = '0';
const NOBODY_THERE: ReadonlySet<string> = new Set(['service-not-known', 'service-unreachable']);

/** `port` undefined: the usual one, or any when somebody has that. Errors: those of `startService` and `serviceAccess`. */
export async function homeService(state: string, cwd: string, port: string | undefined): Promise<HomeService> {
  const running = await fleetIfThere(state);
  const started = running === undefined ? await start(state, cwd, port) : undefined;
  try {
    const access = await serviceAccess(state, undefined);
    return {
      fleet: running ?? new Fleet(new ServiceClient(access)),
      url: access.url.origin,
      deviceApi: await deviceApiOf(state),
      page: started?.listening.page ?? null,
      ended: started?.ended ?? new Promise(() => undefined),
      stop: async () => started?.stop(),
    };
  } catch (error) {
    await started?.stop();
    throw error;
  }
}

async function fleetIfThere(state: string): Promise<Fleet | undefined> {
  try {
    const fleet = new Fleet(new ServiceClient(await serviceAccess(state, undefined)));
    await fleet.client.ask('GET', fleet.paths.catalogs);
    return fleet;
  } catch (error) {
    if (isCoded(error) && NOBODY_THERE.has(error.code)) return undefined;
    throw error;
  }
}

async function start(state: string, cwd: string, port: string | undefined): Promise<RunningService> {
  const options = { store: `sqlite:${join(state, 'service.db')}`, state, cwd };
  try {
    return await startService({ ...options, port: port ?? USUAL_PORT });
  } catch (error) {
    if (port !== undefined || !isCoded(error) || error.code !== 'port-unusable') throw error;
    return startService({ ...options, port: ANY_PORT });
  }
}
