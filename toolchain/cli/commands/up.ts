// `casemate up`, the main job: a board that boots what it verified and blinks. With --once it plays the whole story and stops.

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { parseDeviceId } from '../../../contracts/core/ids.ts';
import { buildApp } from '../../build/build-app.ts';
import { loadHardware } from '../../build/hardware.ts';
import { openCableHub } from '../../factory/cable-hub.ts';
import { inCheckout } from '../../factory/checkout.ts';
import { manufactureDevice } from '../../factory/manufacture.ts';
import type { Profile } from '../../factory/profile.ts';
import { deviceFolder, developmentCapability, prepareProfile } from '../../factory/profile.ts';
import { stateFolder } from '../attached.ts';
import { Bench } from '../bench.ts';
import { checkedBoard } from '../boards.ts';
import type { CommandContext } from '../command-context.ts';
import { eventText } from '../event-text.ts';
import { Interrupted, interruptible, untilOver } from '../interrupt.ts';
import type { Outcome } from '../outcome.ts';
import { CliError, errorDocument } from '../outcome.ts';
import { pinNamesOf } from '../pin-names.ts';
import type { Lab1 } from '../story/lab1.ts';
import { playLab1 } from '../story/lab1.ts';
import type { StepRecord } from '../story/steps.ts';
import { Story } from '../story/steps.ts';
import { table } from '../table.ts';

interface Choice {
  readonly once?: boolean;
  readonly fresh?: boolean;
  readonly board: string;
  readonly state: string;
}

/** The device of `casemate up` in the state folder. */
const DEVICE_NAME = 'board';

export function registerUp(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('up')
    .description(
      'Boots a simulated board and runs apps/blink on it until Ctrl-C; with --once plays the whole story headless and stops.',
    )
    .option('--once', 'play the story, print its table (or one JSON document), stop')
    .option('--fresh', 'make the device anew: its keys and apps are gone for good')
    .option('--board <name>', 'board to simulate', 'mt3620_rdb')
    .option('--state <dir>', 'state folder: keys, OS release, devices', '.casemate')
    .option('--json', 'one JSON document with --once, JSON Lines without')
    .addHelpText('after', '\nExamples:\n  npx casemate up\n  npm start --silent -- --once --json')
    .action(async (choice: Choice) => {
      const state = stateFolder(cwd, choice);
      if (choice.once === true) await interruptible((signal) => playOnce(outcome, state, signal));
      else await untilCtrlC(outcome, state, checkedBoard(choice.board), choice.fresh === true);
    });
}

async function playOnce(outcome: Outcome, state: string, signal: AbortSignal): Promise<void> {
  const story = new Story(signal, (step) => outcome.progress(stepText(step)));
  const played = await play(story, state);
  const failed = 'error' in played;
  const document = {
    ok: !failed,
    device: { id: failed ? null : played.deviceId },
    steps: story.steps,
    lab1: failed ? null : { edges: played.edges, pressedAt: played.pressedAt },
    denied: failed ? [] : played.denied,
    refused: story.refused,
    ...(failed ? errorDocument(played.error) : {}),
  };
  outcome.result(document, () => storyText(story.steps, played));
  if (failed) process.exitCode = 1;
}

async function play(story: Story, state: string): Promise<Lab1 | { readonly error: unknown }> {
  try {
    const profile = await story.step('the authority’s keys and a signed OS release', () => prepareProfile(state));
    return await playLab1(story, profile);
  } catch (error) {
    // After a signal every error is only what it did to the step under way.
    return { error: story.signal.aborted ? story.signal.reason : error };
  }
}

function storyText(steps: readonly StepRecord[], played: Lab1 | { readonly error: unknown }): string {
  const rows = table(
    ['STEP', '', 'MS'],
    steps.map((step) => [step.name, step.ok ? 'ok' : 'FAILED', String(step.ms)]),
  );
  if (!('error' in played)) {
    return [rows, '', `device ${played.deviceId}`, ...played.denied.map((event) => eventText(event).trim())].join('\n');
  }
  const { error } = errorDocument(played.error);
  return `${rows}\n\n${error.code}: ${error.message}${error.hint === null ? '' : `\n  ${error.hint}`}`;
}

function stepText({ name, ok, ms }: StepRecord): string {
  return `${ok ? 'ok    ' : 'FAILED'} ${String(ms).padStart(6)} ms  ${name}`;
}

/** Ctrl-C is how this ends: no failure, unlike a story or a run that was cut short. */
async function untilCtrlC(outcome: Outcome, state: string, board: string, force: boolean): Promise<void> {
  try {
    await interruptible((signal) => stayUp(outcome, state, { board, force, signal }));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}

interface StayOptions {
  readonly board: string;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

async function stayUp(outcome: Outcome, state: string, { board, force, signal }: StayOptions): Promise<void> {
  outcome.progress('preparing the profile');
  const profile = await prepareProfile(state);
  const folder = deviceFolder(state, DEVICE_NAME);
  const isNew = force || !existsSync(folder);
  if (isNew) await makeDevice(profile, folder, board, force);
  const names = pinNamesOf(loadHardware({ from: 'disk', name: board }).hardware);
  const bench = await Bench.start(folder, names, { signal });
  const hub = await openCableHub(folder, bench.client);
  try {
    bench.onEvent((event) => outcome.line(event, () => eventText(event)));
    outcome.progress(
      `${board} is up after ${Math.round(bench.readyMs)} ms; Ctrl-C ends it. In another terminal: npx casemate device show-attached`,
    );
    await ensureBlink(outcome, bench, profile, isNew);
    await untilOver(undefined, bench.ended);
  } finally {
    await hub.close();
    await bench.stop();
  }
}

function makeDevice(profile: Profile, folder: string, board: string, force: boolean): Promise<unknown> {
  const { release, anchors, endorsements } = profile;
  return manufactureDevice({ folder, board, release, anchors, endorsements, force, madeAt: new Date() });
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
  const installed = await bench.client.images();
  if (installed.some(({ imageId }) => imageId === built.imageId)) return;
  await bench.client.sideload(profile.developmentKey.signImage(built.image));
}
