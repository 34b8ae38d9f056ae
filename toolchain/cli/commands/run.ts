// `casemate run`: one app on a fresh simulated device, with everything that happens as a stream. Never on a device that somebody keeps.

import type { Command } from 'commander';
import { loadHardware } from '../../build/hardware.ts';
import { prepareProfile } from '../../factory/profile.ts';
import { stateFolder } from '../attached.ts';
import type { Bench, BenchEvent } from '../bench.ts';
import { checkedBoard } from '../boards.ts';
import type { CommandContext } from '../command-context.ts';
import type { Press } from '../duration.ts';
import { parseDuration, parsePress } from '../duration.ts';
import { eventText } from '../event-text.ts';
import { withFreshDevice } from '../fresh-device.ts';
import { interruptible, untilOver } from '../interrupt.ts';
import { CliError } from '../outcome.ts';
import { buttonOf, pinNamesOf } from '../pin-names.ts';
import { packageOf } from '../run-target.ts';

interface Choice {
  readonly board: string;
  readonly for?: string;
  readonly seed?: string;
  readonly press: readonly string[];
  readonly grantManifest?: string;
  readonly state: string;
}

const START_TIMEOUT_MS = 20_000;

export function registerRun(root: Command, context: CommandContext): void {
  root
    .command('run')
    .description(
      'Sideloads an app to a fresh simulated device and streams what happens. Times count from the start of the app.',
    )
    .argument('<target>', 'app folder, image package, or bare component')
    .option('--board <name>', 'board to simulate', 'mt3620_rdb')
    .option('--for <duration>', 'stop after this time (250ms, 3s, 2m); without it: Ctrl-C')
    .option(
      '--press <name@time>',
      'press a button, e.g. SAMPLE_BUTTON_1@1s; may be given again',
      (value: string, earlier: readonly string[]) => [...earlier, value],
      [],
    )
    .option('--seed <number>', 'entropy of the chip from this number instead of the host')
    .option('--grant-manifest <file>', 'the manifest for a bare component')
    .option('--state <dir>', 'state folder (keys and OS release)', '.casemate')
    .option('--json', 'JSON Lines: {"t","kind",…}')
    .addHelpText('after', '\nExample:\n  npx casemate run apps/blink --for 3s --press SAMPLE_BUTTON_1@1s --json')
    .action((target: string, choice: Choice) => interruptible((signal) => run(context, target, choice, signal)));
}

async function run(
  { outcome, cwd }: CommandContext,
  target: string,
  choice: Choice,
  signal: AbortSignal,
): Promise<void> {
  const board = checkedBoard(choice.board);
  const { hardware } = loadHardware({ from: 'disk', name: board });
  const presses = choice.press
    .map(parsePress)
    .map((press) => ({ ...press, pin: buttonOf(hardware, board, press.name) }));
  const forMs = choice.for === undefined ? undefined : parseDuration(choice.for);
  const seed = choice.seed === undefined ? {} : { seed: parseSeed(choice.seed) };
  outcome.progress('preparing the profile');
  const profile = await prepareProfile(stateFolder(cwd, choice));
  outcome.progress('building');
  const image = await packageOf({
    cwd,
    target,
    hardware: board,
    grantManifest: choice.grantManifest,
    key: profile.developmentKey,
  });
  outcome.progress('starting a fresh device');
  await withFreshDevice({ profile, board, names: pinNamesOf(hardware), signal, ...seed }, async (bench) => {
    await stream(bench, image, { presses, forMs, tell: (event) => outcome.line(event, () => eventText(event)) });
  });
}

interface StreamOptions {
  readonly presses: readonly (Press & { readonly pin: number })[];
  readonly forMs: number | undefined;
  readonly tell: (event: BenchEvent) => void;
}

/** Time zero is the app's start; what the device said before belongs to nobody's run. */
async function stream(bench: Bench, image: Uint8Array, { presses, forMs, tell }: StreamOptions): Promise<void> {
  let zero: number | undefined;
  bench.onEvent((event) => {
    if (event.kind === 'started') zero ??= event.t;
    if (zero !== undefined) tell({ ...event, t: Math.round((event.t - zero) * 1000) / 1000 });
  });
  const started = bench.next('the app to start', (event) => event.kind === 'started', START_TIMEOUT_MS);
  await Promise.all([bench.client.sideload(image), started]);
  const timers = presses.map(({ atMs, pin }) => setTimeout(() => bench.press(pin), atMs));
  try {
    await untilOver(forMs, bench.ended);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new CliError('usage', `"${text}" is no seed: a whole number below 2^32`, { fault: 'caller' });
  return seed;
}
