// The main job without a story: a service and a board of its own, claimed and attested, until Ctrl-C. Never gives up a board that an
// earlier version made: one that the service does not take still runs its apps.

import { existsSync } from 'node:fs';
import { isCoded } from '../../../contracts/core/coded-error.ts';
import { parseDeviceId } from '../../../contracts/core/ids.ts';
import type { ServiceStatus } from '../../../contracts/wire/device-link.ts';
import { buildApp } from '../../build/build-app.ts';
import { loadHardware } from '../../build/hardware.ts';
import { openCableHub } from '../../factory/cable-hub.ts';
import { inCheckout } from '../../factory/checkout.ts';
import { manufactureDevice } from '../../factory/manufacture.ts';
import type { Profile } from '../../factory/profile.ts';
import { deviceFolder, developmentCapability, endorsementFile, prepareProfile } from '../../factory/profile.ts';
import { Bench } from '../bench.ts';
import { eventText } from '../event-text.ts';
import { untilOver } from '../interrupt.ts';
import type { ErrorDocument, Outcome } from '../outcome.ts';
import { CliError, errorDocument } from '../outcome.ts';
import { pinNamesOf } from '../pin-names.ts';
import { attestAttached, claimAttached } from '../service/claim-device.ts';
import type { HomeService } from '../service/home-service.ts';
import { homeService } from '../service/home-service.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import { table } from '../table.ts';
import { prepareFleet } from './prepare-fleet.ts';

export interface StayOptions {
  readonly state: string;
  readonly cwd: string;
  readonly board: string;
  /** Make the device anew. */
  readonly force: boolean;
  /** Of the management API; `undefined`: the usual one, or any. */
  readonly port: string | undefined;
  readonly signal: AbortSignal;
}

/** The device of `casemate up` in the state folder, and where it is in the fleet. */
const DEVICE_NAME = 'board';
const HOME: GroupPlace = { catalog: 'Demo', product: 'Blink', deviceGroup: 'Development' };

/** Ends by `signal`, by device or service going off, or by an error. */
export async function stayUp(outcome: Outcome, options: StayOptions): Promise<void> {
  const { state, cwd, board, force, port } = options;
  outcome.progress('preparing the profile');
  const profile = await prepareProfile(state);
  const folder = deviceFolder(state, DEVICE_NAME);
  const isNew = force || !existsSync(folder);
  if (isNew) await makeDevice(profile, folder, board, force);
  outcome.progress('starting the service and the board');
  // Both are processes of their own: neither has to wait for the other.
  const starting = homeService(state, cwd, port);
  starting.catch(() => undefined); // awaited below, unless the board fails before
  try {
    await onBench(outcome, folder, options, async (bench) => {
      const service = await starting;
      await bringHome(outcome, service, bench, profile, isNew);
      await ensureBlink(outcome, bench, profile, isNew);
      await untilOver(undefined, Promise.race([bench.ended, lost(service)]));
    });
  } finally {
    const service = await starting.catch(() => undefined);
    await service?.stop();
  }
}

/** Powers the board on, shares its cable, tells its events, and cuts the power whatever happens. */
async function onBench(
  outcome: Outcome,
  folder: string,
  { board, signal }: StayOptions,
  work: (bench: Bench) => Promise<void>,
): Promise<void> {
  const names = pinNamesOf(loadHardware({ from: 'disk', name: board }).hardware);
  const bench = await Bench.start(folder, names, { signal });
  const hub = await openCableHub(folder, bench.client);
  try {
    bench.onEvent((event) => outcome.line(event, () => eventText(event)));
    await work(bench);
  } finally {
    await hub.close();
    await bench.stop();
  }
}

async function lost(service: HomeService): Promise<never> {
  await service.ended;
  throw new CliError('service-failed', 'the service ended by itself', { fault: 'world' });
}

function makeDevice(profile: Profile, folder: string, board: string, force: boolean): Promise<unknown> {
  const { release, anchors, endorsements } = profile;
  return manufactureDevice({ folder, board, release, anchors, endorsements, force, madeAt: new Date() });
}

async function bringHome(
  outcome: Outcome,
  service: HomeService,
  bench: Bench,
  profile: Profile,
  isNew: boolean,
): Promise<void> {
  const { url, page } = service;
  const { deviceId } = await bench.client.show();
  const joined = await join(service, bench, profile, isNew);
  const document = { kind: 'up', url, page, deviceId, ...HOME, ...joined };
  outcome.line(document, () =>
    table(undefined, [
      ['management API', url],
      ['page, opens once', page ?? 'of the service that was running already'],
      ['device', `${deviceId.slice(0, 16)}…, ${joined.state ?? 'not with the service'}`],
      ['catalog', `${HOME.catalog}, product ${HOME.product}`],
      ...(joined.error === null ? [] : [['the service', `${joined.error.code}: ${joined.error.message}`]]),
      ['in another terminal', 'npx casemate device show-attached'],
    ]),
  );
}

interface Joined {
  /** `null`: the device could not be asked. */
  readonly state: ServiceStatus['state'] | null;
  readonly error: ErrorDocument['error'] | null;
}

/** A new device has to be taken. One from an earlier start may lack an endorsement, or an OS that knows of services. */
async function join(service: HomeService, bench: Bench, profile: Profile, isNew: boolean): Promise<Joined> {
  const { fleet, deviceApi } = service;
  try {
    await prepareFleet(fleet, profile, HOME);
    const { catalogId } = await bench.client.serviceStatus();
    const endorsement = (): Promise<Uint8Array> => endorsementFile(profile);
    if (catalogId === null) {
      // Before the claim: one that the service does not know yet would stand among the refusals on its page.
      await fleet.importEndorsements(await endorsement());
      await claimAttached(fleet, { place: HOME, endorsement }, bench.client);
    }
    const { state } = await attestAttached(bench.client, deviceApi);
    return { state, error: null };
  } catch (error) {
    if (isNew || !isCoded(error)) throw error;
    return { state: null, error: errorDocument(error).error };
  }
}

/** Blink as it stands in the checkout. A new device gets the development right; whoever took it away later meant it. */
async function ensureBlink(outcome: Outcome, bench: Bench, profile: Profile, isNew: boolean): Promise<void> {
  const { deviceId, rights } = await bench.client.show();
  const id = parseDeviceId(deviceId);
  if (id === undefined) throw new CliError('internal', 'the device told a malformed id');
  if (isNew) await bench.client.applyCapability(await developmentCapability(profile, id));
  else if (!rights.includes('appDevelopment')) {
    outcome.progress('the development right is off: npx casemate device enable-development');
    return;
  }
  outcome.progress('building apps/blink');
  const built = await buildApp({ folder: inCheckout('apps/blink') });
  const installed = (await bench.client.images()).find(({ componentId }) => componentId === built.componentId);
  // A later version of blink, from the service or by hand, stays: the device would refuse to go back.
  if (installed?.imageId === built.imageId || (installed?.rollbackIndex ?? 0) > built.rollbackIndex) return;
  await bench.client.sideload(profile.developmentKey.signImage(built.image));
}
