// Lab 1: a C app that may touch two pins, on a device that boots what it verified. Every claim is a step that can fail.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildResult } from '../../build/build-app.ts';
import { withSignatures } from '../../../contracts/core/image.ts';
import { encodeSignatures } from '../../../contracts/core/image-signatures.ts';
import { openDeviceFolder, writeImagePart } from '../../../runtime/board/device-folder.ts';
import { buildApp } from '../../build/build-app.ts';
import { loadHardware } from '../../build/hardware.ts';
import { inCheckout } from '../../factory/checkout.ts';
import { manufactureDevice } from '../../factory/manufacture.ts';
import { powerOn } from '../../factory/power.ts';
import type { Profile } from '../../factory/profile.ts';
import { deviceFolder, developmentCapability, hollowRelease } from '../../factory/profile.ts';
import { ensureSigningKey } from '../../factory/signing-key.ts';
import type { BenchEvent } from '../bench.ts';
import { Bench } from '../bench.ts';
import { withFreshDevice } from '../fresh-device.ts';
import { CliError } from '../outcome.ts';
import { pinNamesOf } from '../pin-names.ts';
import { EdgeWatch, medianSpacing } from './blinking.ts';
import type { Story } from './steps.ts';

const BOARD = 'mt3620_rdb';
const LED_PIN = 8;
const BUTTON_PIN = 12;
const THIRD_PIN = 9;
const EVENT_TIMEOUT_MS = 20_000;
const EDGES_EACH = 6;
/** The sample's first two rates are 125 and 250 ms: anything above this is the second. */
const SLOWER_BY = 1.5;

export interface Lab1 {
  readonly deviceId: string;
  readonly edges: readonly { readonly t: number; readonly pin: number; readonly level: 0 | 1 | null }[];
  readonly pressedAt: number;
  readonly denied: readonly BenchEvent[];
  /** What the LED blinked with, unsigned: the labs after this one go on with it. */
  readonly blink: BuildResult;
}

export async function playLab1(story: Story, profile: Profile): Promise<Lab1> {
  const names = pinNamesOf(loadHardware({ from: 'disk', name: BOARD }).hardware);
  const blink = await story.step('apps/blink: C source → component → image package', () =>
    buildApp({ folder: inCheckout('apps/blink') }),
  );
  const image = profile.developmentKey.signImage(blink.image);
  const first = await playOnSoundDevice(story, profile, names, blink, image);
  const second = await withFreshDevice(
    { profile, board: BOARD, names, release: await hollowRelease(profile), signal: story.signal },
    (bench) => playOnHollowOs(story, bench, image),
  );
  await playChangedByte(story, profile);
  return { ...first, denied: [...first.denied, ...second], blink };
}

async function playOnSoundDevice(
  story: Story,
  profile: Profile,
  names: ReadonlyMap<number, string>,
  blink: BuildResult,
  image: Uint8Array,
): Promise<Omit<Lab1, 'blink'>> {
  const folder = deviceFolder(profile.state, `story-${process.pid}`);
  const { anchors, release } = profile;
  const made = await story.step('a device is manufactured: keys, fuses, flash', () =>
    manufactureDevice({ folder, board: BOARD, release, anchors, force: true }),
  );
  try {
    const { signal } = story;
    const bench = await story.step('power on: each stage verifies the next', () =>
      Bench.start(folder, names, { signal }),
    );
    try {
      await story.refusal('sideloading without the development right', 'right-missing', () =>
        bench.client.sideload(image),
      );
      await story.step('a development capability for this one device', async () =>
        bench.client.applyCapability(await developmentCapability(profile, made.deviceId)),
      );
      const blinked = await story.step('the LED blinks, the button changes its rate', () => playBlinking(bench, image));
      const denial = await story.step('the third pin: stopped by the broker', () => auditedDenial(bench, 'broker'));
      await playNeighbour(story, bench, profile);
      await playBadImages(story, bench, profile, image);
      await story.step('blink runs on, undisturbed', async () => requireRunning(bench, blink.componentId));
      return { deviceId: made.deviceId, ...blinked, denied: [denial] };
    } finally {
      await bench.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function playBlinking(bench: Bench, image: Uint8Array): Promise<Pick<Lab1, 'edges' | 'pressedAt'>> {
  const watch = new EdgeWatch(bench, LED_PIN);
  await bench.client.sideload(image);
  await watch.more(EDGES_EACH, EVENT_TIMEOUT_MS);
  const pressed = bench.next('the press', (event) => event.kind === 'press', EVENT_TIMEOUT_MS);
  bench.press(BUTTON_PIN);
  const pressedAt = (await pressed).t;
  await watch.more(EDGES_EACH + 2, EVENT_TIMEOUT_MS);
  watch.stop();
  const { edges } = watch;
  const before = medianSpacing(edges.filter(({ t }) => t <= pressedAt));
  const after = medianSpacing(edges.slice(-EDGES_EACH));
  if (after < before * SLOWER_BY)
    throw new CliError('story-failed', `edges ${before} ms apart before the press, ${after} ms after it`);
  return { edges: edges.map(({ t, pin, level }) => ({ t, pin, level })), pressedAt };
}

/** The denial of the third pin as the audit trail has it. */
async function auditedDenial(bench: Bench, layer: 'broker' | 'firewall'): Promise<BenchEvent> {
  const { events } = await bench.client.audit();
  const denial = events.find(
    (event) => event.kind === 'denied' && event.resource === `gpio:${THIRD_PIN}` && event.layer === layer,
  );
  if (denial === undefined)
    throw new CliError('story-failed', `the audit trail has no denial of pin ${THIRD_PIN} by the ${layer}`);
  return denial;
}

/** A second app beside the first: it finds the first's pins and files closed, and says so. */
async function playNeighbour(story: Story, bench: Bench, profile: Profile): Promise<void> {
  await story.step('apps/neighbour beside it sees none of its pins and files', async () => {
    const lines: string[] = [];
    const stop = bench.onEvent((event) => {
      if (event.kind === 'log' && event.message.startsWith('neighbour: ')) lines.push(event.message);
    });
    const { image } = await buildApp({ folder: inCheckout('apps/neighbour') });
    const done = bench.next(
      'the neighbour to look around',
      (event) => event.kind === 'log' && event.message.startsWith('neighbour: own pin'),
      EVENT_TIMEOUT_MS,
    );
    await bench.client.sideload(profile.developmentKey.signImage(image));
    await done;
    stop();
    for (const wanted of [`pin ${LED_PIN}: EACCES`, `pin ${BUTTON_PIN}: EACCES`, 'banner.txt: ENOENT']) {
      if (!lines.some((line) => line.includes(wanted)))
        throw new CliError('story-failed', `the neighbour did not find "${wanted}": ${lines.join('; ')}`);
    }
  });
}

async function playBadImages(story: Story, bench: Bench, profile: Profile, image: Uint8Array): Promise<void> {
  const tampered = image.slice();
  const middle = Math.floor(image.length / 2);
  tampered[middle] = (tampered[middle] ?? 0) ^ 1;
  await story.refusal('an image with one flipped bit', 'image-digest-mismatch', () => bench.client.sideload(tampered));
  const foreign = await foreignlySigned(image);
  await story.refusal('an image that somebody else signed', 'image-not-trusted', () => bench.client.sideload(foreign));
  const rival = await rivalForTheLed();
  await story.refusal('a second app on the same pin', 'resource-in-use', () =>
    bench.client.sideload(profile.developmentKey.signImage(rival)),
  );
}

/** The same image under the signature of a key that this device never heard of, and under no other. */
async function foreignlySigned(image: Uint8Array): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-foreign-'));
  try {
    return (await ensureSigningKey(join(folder, 'key.pem'))).signImage(withSignatures(image, encodeSignatures([])));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The neighbour under another id, with a manifest that asks for blink's LED. */
async function rivalForTheLed(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-rival-'));
  try {
    await cp(inCheckout('apps/neighbour'), folder, { recursive: true });
    const file = join(folder, 'app_manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    const rival = {
      ...manifest,
      Name: 'Rival',
      ComponentId: crypto.randomUUID(),
      Capabilities: { Gpio: ['$SAMPLE_LED'] },
    };
    await writeFile(file, JSON.stringify(rival));
    return (await buildApp({ folder })).image;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same app on a device whose OS has lost the broker's check: the silicon stands alone, and stands. */
async function playOnHollowOs(story: Story, bench: Bench, image: Uint8Array): Promise<readonly BenchEvent[]> {
  return story.step('the third pin again, the broker’s check removed: stopped by the firewall', async () => {
    const watch = new EdgeWatch(bench, THIRD_PIN);
    const violated = bench.next('a violation', (event) => event.kind === 'violation', EVENT_TIMEOUT_MS);
    const denied = bench.next('a denial', (event) => event.kind === 'denied', EVENT_TIMEOUT_MS);
    await bench.client.sideload(image);
    await violated;
    const denial = await denied;
    watch.stop();
    if (denial.kind !== 'denied' || denial.layer !== 'firewall')
      throw new CliError('story-failed', 'the denial was not the firewall’s');
    if (watch.edges.length > 0) throw new CliError('story-failed', `pin ${THIRD_PIN} moved`);
    return [denial];
  });
}

/** Somebody with the flash on the table: one byte of the OS image, and the device stays off. */
async function playChangedByte(story: Story, profile: Profile): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'casemate-'));
  try {
    const folder = join(parent, 'device');
    const os = profile.release.images.os.slice();
    os[os.length >> 1] = (os[os.length >> 1] ?? 0) ^ 1;
    const { release, anchors } = profile;
    await manufactureDevice({ folder, board: BOARD, release, anchors });
    const device = openDeviceFolder(folder);
    writeImagePart(device.flash, 'osSlotA', os);
    device.close();
    await story.refusal('booting an OS with one changed byte', 'stage-image-invalid', async () => {
      const device = await powerOn(folder);
      await device.powerOff();
    });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function requireRunning(bench: Bench, componentId: string): Promise<void> {
  const app = (await bench.client.apps()).find((each) => each.componentId === componentId);
  if (app?.state !== 'running' || app.restarts !== 0)
    throw new CliError('story-failed', `blink is ${app?.state ?? 'gone'} after ${app?.restarts ?? 0} restarts`);
}
