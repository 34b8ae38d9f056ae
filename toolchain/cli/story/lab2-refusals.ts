// What lab 2 tries and must not work: each is refused by whom it should be, under its own code, and the app that ran blinks on.

import type { ComponentId } from '../../../contracts/core/ids.ts';
import { decodeEvidence } from '../../../contracts/wire/evidence.ts';
import { packageForCatalog } from '../../build/package-app.ts';
import { CliError } from '../outcome.ts';
import { openDeviceFolder, writeImagePart } from '../../../runtime/board/device-folder.ts';
import { hollowRelease } from '../../factory/profile.ts';
import type { PinNames } from '../bench.ts';
import { Bench } from '../bench.ts';
import { requireAttested } from '../service/claim-device.ts';
import { requireTaken } from '../update-text.ts';
import type { LedColour } from './lab2-board.ts';
import type { Lab2Scene } from './lab2-scene.ts';
import type { StoryService } from './lab2-service.ts';
import type { Story } from './steps.ts';
import { storedPackage } from './stored-package.ts';

interface Attempt {
  readonly what: string;
  readonly code: string;
  /** The image that runs meanwhile and afterwards. */
  readonly running: string;
  readonly colour: LedColour;
  readonly work: () => Promise<unknown>;
}

function refusedBeside({ story, board }: Lab2Scene, { what, code, running, colour, work }: Attempt): Promise<void> {
  return story.refusal(what, code, work, () => board.runs(running, colour));
}

/** At the service: what it signs, and whose word it takes. */
export async function playRefusals(scene: Lab2Scene): Promise<void> {
  const { service, board, fieldTest, v1, v2 } = scene;
  const { fleet, profile } = service;
  const still = { running: v1.imageId, colour: 'red' } as const;
  const foreign = packageForCatalog(v2.image, crypto.randomUUID() as string as ComponentId);
  await refusedBeside(scene, {
    what: 'an image for another catalog',
    code: 'image-catalog-mismatch',
    ...still,
    work: () => fleet.addImage(fieldTest.catalog, profile.developmentKey.signImage(foreign.image)),
  });
  await refusedBeside(scene, {
    what: 'an image that its publisher did not sign',
    code: 'image-publisher-signature-missing',
    ...still,
    work: () => fleet.addImage(fieldTest.catalog, v2.image),
  });
  await refusedBeside(scene, {
    what: 'evidence that names another OS than the one that was measured',
    code: 'evidence-signature-invalid',
    ...still,
    work: async () => {
      const token = await board.bench.client.collectEvidence(await fleet.claimNonce(fieldTest.catalog));
      const { deviceId } = decodeEvidence(token).claims;
      await fleet.claimDevice(fieldTest, deviceId, withAnotherOs(token));
    },
  });
}

/** One bit of the OS's digest. */
function withAnotherOs(token: Uint8Array): Uint8Array {
  const os = decodeEvidence(token).claims.components.find(({ measurementType }) => measurementType === 'os');
  const at = os === undefined ? -1 : Buffer.from(token).indexOf(os.digest);
  const changed = token.slice();
  const byte = changed[at];
  if (byte === undefined) throw new CliError('story-failed', 'the evidence names no OS');
  changed[at] = byte ^ 1;
  return changed;
}

/** On the service's disk, behind its back; then the next look finds the good one. */
export async function playTampering(scene: Lab2Scene): Promise<void> {
  const { service, board, v1, v2 } = scene;
  const stored = storedPackage(service.store, v2.imageId);
  const good = stored.read();
  const changed = good.slice();
  const middle = changed.length >> 1;
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  const attempt = {
    running: v1.imageId,
    colour: 'red',
    work: async () => requireTaken(await board.bench.client.checkUpdate()),
  } as const;
  // The service hands out nothing but what it signed.
  stored.write(changed);
  await refusedBeside(scene, {
    what: 'an update with one flipped bit on the service’s disk',
    code: 'update-target-missing',
    ...attempt,
  });
  // It does not know any more what that was, its director signs for the changed one: the device finds out.
  stored.writeVouchedFor(changed);
  await refusedBeside(scene, {
    what: 'the same from a service that vouches for it',
    code: 'image-digest-mismatch',
    ...attempt,
  });
  stored.writeVouchedFor(good);
}

/** Every signature holds, the operator asks for it, and the monitor says no. */
export async function playRollback(scene: Lab2Scene): Promise<void> {
  const { service, board, fieldTest, v1, v2 } = scene;
  await service.fleet.deploy(fieldTest, [v1.imageId]);
  await refusedBeside(scene, {
    what: 'version 1 again, below the rollback index that has run',
    code: 'image-rolled-back',
    running: v2.imageId,
    colour: 'green',
    work: async () => requireTaken(await board.bench.client.checkUpdate()),
  });
}

/**
 * A hand on the flash puts in another OS, which the platform key signed and this service never released. It boots; it gets no
 * certificate, and the service says which claim it did not take.
 */
export async function playChangedOs(
  story: Story,
  { profile }: StoryService,
  { folder, names }: { readonly folder: string; readonly names: PinNames },
): Promise<void> {
  const { images } = await hollowRelease(profile);
  const device = openDeviceFolder(folder);
  writeImagePart(device.flash, 'osSlotA', images.os);
  device.close();
  await story.refusal('attesting with an OS that the service did not release', 'evidence-digest-wrong', async () => {
    const bench = await Bench.start(folder, names, { signal: story.signal });
    try {
      const status = await bench.client.attest();
      if (status.lastError?.claim !== 'softwareComponents' || status.certificates.length > 0)
        throw new CliError('story-failed', `refused for ${status.lastError?.claim ?? 'no claim'}`);
      requireAttested(status);
    } finally {
      await bench.stop();
    }
  });
}
