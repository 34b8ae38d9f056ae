// Lab 2: a device of a fleet. It proves what it runs, gets its certificates for that, and is updated over the air; what is wrong about
// an image is refused while the app of before blinks on. Every claim is a step that can fail.

import { rm } from 'node:fs/promises';
import type { BuildResult } from '../../build/build-app.ts';
import { buildApp } from '../../build/build-app.ts';
import { loadHardware } from '../../build/hardware.ts';
import { packageForCatalog } from '../../build/package-app.ts';
import { inCheckout } from '../../factory/checkout.ts';
import { manufactureDevice } from '../../factory/manufacture.ts';
import type { Profile } from '../../factory/profile.ts';
import { deviceFolder, developmentCapability, endorsementFile } from '../../factory/profile.ts';
import type { DeviceId } from '../../../contracts/core/ids.ts';
import type { PinNames } from '../bench.ts';
import { Bench } from '../bench.ts';
import { CliError } from '../outcome.ts';
import { pinNamesOf } from '../pin-names.ts';
import { attestAttached, claimAttached } from '../service/claim-device.ts';
import { moveToGroup } from '../service/device-groups.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import { requireTaken } from '../update-text.ts';
import { prepareFleet } from '../up/prepare-fleet.ts';
import type { LedEdge } from './lab2-board.ts';
import { Lab2Board } from './lab2-board.ts';
import { playChangedOs, playRefusals, playRollback, playTampering } from './lab2-refusals.ts';
import type { Lab2Scene } from './lab2-scene.ts';
import { startStoryService } from './lab2-service.ts';
import type { StoryService } from './lab2-service.ts';
import type { Story } from './steps.ts';
import { verifyChain } from './verify-chain.ts';

const BOARD = 'mt3620_rdb';
const DEVELOPMENT: GroupPlace = { catalog: 'Story', product: 'Blink', deviceGroup: 'Development' };
const FIELD_TEST: GroupPlace = { ...DEVELOPMENT, deviceGroup: 'Field Test' };

export interface Lab2 {
  readonly deviceId: string;
  /** Image ids, before and after the update. */
  readonly before: string;
  readonly after: string;
  readonly edges: readonly LedEdge[];
}

/** `blink`: lab 1's, as it was built for sideloading. */
export async function playLab2(story: Story, profile: Profile, blink: BuildResult): Promise<Lab2> {
  const service = await story.step('the service starts', () => startStoryService(profile));
  try {
    await story.step('a catalog, a product with its device groups, the publisher’s key', () =>
      prepareFleet(service.fleet, profile, DEVELOPMENT),
    );
    const folder = deviceFolder(profile.state, `story-fleet-${process.pid}`);
    try {
      return await playOnClaimedDevice(story, service, folder, blink);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } finally {
    await service.stop();
  }
}

async function playOnClaimedDevice(
  story: Story,
  service: StoryService,
  folder: string,
  blink: BuildResult,
): Promise<Lab2> {
  const { profile } = service;
  const { anchors, release, endorsements } = profile;
  const made = await story.step('a device is manufactured, and its factory endorses it', () =>
    manufactureDevice({ folder, board: BOARD, release, anchors, endorsements, force: true }),
  );
  const names = pinNamesOf(loadHardware({ from: 'disk', name: BOARD }).hardware);
  const played = await playPoweredOn(story, service, { folder, names, deviceId: made.deviceId }, blink);
  await playChangedOs(story, service, { folder, names });
  return played;
}

interface ManufacturedDevice {
  readonly folder: string;
  readonly names: PinNames;
  readonly deviceId: DeviceId;
}

async function playPoweredOn(
  story: Story,
  service: StoryService,
  { folder, names, deviceId }: ManufacturedDevice,
  blink: BuildResult,
): Promise<Lab2> {
  const { profile } = service;
  const bench = await Bench.start(folder, names, { signal: story.signal });
  try {
    const board = new Lab2Board(bench, blink.componentId);
    await playAttestation(story, service, bench, deviceId);
    await story.step('sideloaded in development, the red LED blinks', async () => {
      await bench.client.applyCapability(await developmentCapability(profile, deviceId));
      await bench.client.sideload(profile.developmentKey.signImage(blink.image));
      await board.blinks('red');
    });
    const catalogId = await service.fleet.catalogId(DEVELOPMENT.catalog);
    const v1 = packageForCatalog(blink.image, catalogId);
    const v2 = await story.step('apps/blink-green: the next version, for the green LED', () =>
      buildApp({ folder: inCheckout('apps/blink-green'), catalogId }),
    );
    const scene: Lab2Scene = { story, service, board, fieldTest: FIELD_TEST, v1, v2 };
    return { deviceId, ...(await playUpdates(scene, deviceId, catalogId)) };
  } finally {
    await bench.stop();
  }
}

async function playAttestation(
  story: Story,
  { fleet, deviceApi, profile, root, folder }: StoryService,
  { client }: Bench,
  deviceId: string,
): Promise<void> {
  await story.step('claimed into the catalog by its own signature', () =>
    claimAttached(fleet, { place: DEVELOPMENT, endorsement: () => endorsementFile(profile) }, client),
  );
  const status = await story.step('attested: from now on mutual TLS', () => attestAttached(client, deviceApi));
  await story.step('its certificate chain holds, up to the root', async () => {
    const customer = status.certificates.find(({ purpose }) => purpose === 'customer');
    if (customer === undefined) throw new CliError('story-failed', 'no certificate for the customer’s clouds');
    return verifyChain({ chain: customer.chain, root, deviceId, folder });
  });
}

async function playUpdates(scene: Lab2Scene, deviceId: string, catalogId: string): Promise<Omit<Lab2, 'deviceId'>> {
  const { story, service, board, v1, v2 } = scene;
  const { fleet, profile } = service;
  const { client } = board.bench;
  const boot = await board.boot();
  await story.step('cloud test: the sideloaded app is trusted no more, and stops', async () => {
    await moveToGroup(fleet, {
      deviceId,
      catalogId,
      catalog: FIELD_TEST.catalog,
      product: undefined,
      deviceGroup: FIELD_TEST.deviceGroup,
    });
    await client.removeCapability();
    await board.stops();
  });
  const watched = board.watch();
  await story.step('version 1 over the air: the red LED blinks', async () => {
    await fleet.addImage(FIELD_TEST.catalog, profile.developmentKey.signImage(v1.image));
    await fleet.deploy(FIELD_TEST, [v1.imageId]);
    requireTaken(await client.checkUpdate());
    await board.runs(v1.imageId, 'red');
  });
  await playRefusals(scene);
  await fleet.addImage(FIELD_TEST.catalog, profile.developmentKey.signImage(v2.image));
  await fleet.deploy(FIELD_TEST, [v2.imageId]);
  await playTampering(scene);
  await story.step('version 2 over the air: the green LED blinks, in the same boot', async () => {
    requireTaken(await client.checkUpdate());
    await board.runs(v2.imageId, 'green');
    if ((await board.boot()) !== boot) throw new CliError('story-failed', 'the device booted on the way');
  });
  const edges = watched();
  await playRollback(scene);
  return { before: v1.imageId, after: v2.imageId, edges };
}
