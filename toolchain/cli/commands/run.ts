// `casemate run`: one app on a fresh simulated device, with everything that happens as a stream. Never on a device that somebody keeps.

import { Option } from 'commander';
import type { Command } from 'commander';
import { APP_PLACEMENTS } from '../../../contracts/wire/device-link.ts';
import { loadHardware } from '../../build/hardware.ts';
import { prepareProfile } from '../../factory/profile.ts';
import { stateFolder } from '../attached.ts';
import type { Bench, BenchEvent } from '../bench.ts';
import { checkedBoard } from '../boards.ts';
import type { CommandContext } from '../command-context.ts';
import type { Press } from '../duration.ts';
import { parseDuration, parsePress } from '../duration.ts';
import { parseMemory } from '../memory-size.ts';
import { eventText } from '../event-text.ts';
import { withFreshDevice } from '../fresh-device.ts';
import { interruptible, untilOver } from '../interrupt.ts';
import { CliError } from '../outcome.ts';
import { buttonOf, pinNamesOf } from '../pin-names.ts';
import { ProgramEnd } from '../program-end.ts';
import { isBareComponent, packageOf } from '../run-target.ts';
import { runVirtually } from '../virtual-run.ts';

interface Choice {
  readonly board: string;
  readonly for?: string;
  readonly seed?: string;
  readonly press: readonly string[];
  readonly grantManifest?: string;
  readonly memory?: string;
  readonly virtualTime?: boolean;
  readonly wallLimit?: string;
  readonly placement: string;
  readonly state: string;
}

const START_TIMEOUT_MS = 20_000;
/** Of the host's time, for a minute of virtual time. */
const WALL_LIMIT = '30s';

export function registerRun(root: Command, context: CommandContext): void {
  root
    .command('run')
    .description(
      'Sideloads an app to a fresh simulated device and streams what happens. Times count from the start of the app. One bare component without --for is a program: the run is over when it ends, with exit code 1 if it failed.',
    )
    .argument('<target...>', 'app folder, image package, or bare component; several run side by side')
    .option('--board <name>', 'board to simulate', 'mt3620_rdb')
    .option('--for <duration>', 'stop after this time (250ms, 3s, 2m); without it: Ctrl-C')
    .option(
      '--press <name@time>',
      'press a button, e.g. SAMPLE_BUTTON_1@1s; may be given again',
      (value: string, earlier: readonly string[]) => [...earlier, value],
      [],
    )
    .option('--virtual-time', 'time goes on only while every app waits: an hour in seconds, the same events every time')
    .option(
      '--wall-limit <duration>',
      `with --virtual-time: what a minute of it may take before the run is ended (default: "${WALL_LIMIT}")`,
    )
    .addOption(
      new Option(
        '--placement <placement>',
        'a process for each app, or apps of one signer together: what one may, all may',
      )
        .choices(APP_PLACEMENTS)
        .default('process'),
    )
    .option('--seed <number>', 'entropy of the chip from this number instead of the host')
    .option('--grant-manifest <file>', 'the manifest for a bare component; without it, it is granted nothing')
    .option('--memory <size>', 'simulate a board that gives an app more (512KiB, 16MiB)')
    .option('--state <dir>', 'state folder (keys and OS release)', '.casemate')
    .option('--json', 'JSON Lines: {"t","kind",…}')
    .addHelpText(
      'after',
      '\nExamples:\n  npx casemate run apps/blink --for 3s --press SAMPLE_BUTTON_1@1s --json\n  npx casemate run hello.wasm\n  npx casemate run large.wasm --memory 1MiB --grant-manifest app_manifest.json\n  npx casemate run apps/blink --virtual-time --for 1h --seed 1',
    )
    .action((targets: readonly string[], choice: Choice) =>
      interruptible((signal) => run(context, targets, choice, signal)),
    );
}

async function run(
  { outcome, cwd }: CommandContext,
  targets: readonly string[],
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
  const memoryLimitBytes = choice.memory === undefined ? undefined : parseMemory(choice.memory);
  const pieceWithinMs = parseDuration(choice.wallLimit ?? WALL_LIMIT);
  const virtualTime = choice.virtualTime === true;
  if (choice.wallLimit !== undefined && !virtualTime) throw unusable('--wall-limit goes with --virtual-time');
  const bare = new Set<string>();
  for (const target of targets) if (await isBareComponent(cwd, target)) bare.add(target);
  if (choice.grantManifest !== undefined && bare.size === 0) {
    throw unusable('--grant-manifest is for a bare component: an app folder and an image have a manifest of their own');
  }
  outcome.progress('preparing the profile');
  const profile = await prepareProfile(stateFolder(cwd, choice));
  outcome.progress('building');
  const images: Uint8Array[] = [];
  for (const target of targets) {
    const { grantManifest } = choice;
    const from = { cwd, target, hardware: board, grantManifest, memoryLimitBytes };
    images.push(await packageOf({ ...from, key: profile.developmentKey }));
  }
  outcome.progress('starting a fresh device');
  const placement = choice.placement === 'process' ? {} : { placement: choice.placement };
  const device = {
    profile,
    board,
    names: pinNamesOf(hardware),
    signal,
    virtualTime,
    memoryLimitBytes,
    ...seed,
    ...placement,
  };
  const tellAll = (event: BenchEvent): void => outcome.line(event, () => eventText(event));
  const isProgram = forMs === undefined && targets.length === 1 && bare.size === 1;
  const program = isProgram ? new ProgramEnd(tellAll) : undefined;
  const tell = program?.tell ?? tellAll;
  await withFreshDevice(device, async (bench) => {
    if (!virtualTime) return stream(bench, images, { presses, forMs, tell, over: program?.over });
    const isOver = (): boolean => program?.end !== undefined;
    const install = (): Promise<void> => sideloadAll(bench, images);
    await Promise.race([
      runVirtually(bench, { presses, forMs, tell, isOver, install, pieceWithinMs }),
      endedEarly(bench),
    ]);
  });
  program?.requireSuccess();
}

interface StreamOptions {
  /** Resolves when there is nothing more to wait for. */
  readonly over: Promise<void> | undefined;
  readonly presses: readonly (Press & { readonly pin: number })[];
  readonly forMs: number | undefined;
  readonly tell: (event: BenchEvent) => void;
}

/** Time zero is the app's start; what the device said before belongs to nobody's run. */
async function stream(
  bench: Bench,
  images: readonly Uint8Array[],
  { presses, forMs, over, tell }: StreamOptions,
): Promise<void> {
  let zero: number | undefined;
  bench.onEvent((event) => {
    if (event.kind === 'started') zero ??= event.t;
    if (zero !== undefined) tell({ ...event, t: Math.round((event.t - zero) * 1000) / 1000 });
  });
  const started = bench.next('the app to start', (event) => event.kind === 'started', START_TIMEOUT_MS);
  await Promise.all([sideloadAll(bench, images), started]);
  const timers = presses.map(({ atMs, pin }) => setTimeout(() => bench.press(pin), atMs));
  try {
    await Promise.race([untilOver(forMs, bench.ended), ...(over === undefined ? [] : [over])]);
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

async function sideloadAll(bench: Bench, images: readonly Uint8Array[]): Promise<void> {
  for (const image of images) await bench.client.sideload(image);
}

async function endedEarly(bench: Bench): Promise<never> {
  await bench.ended;
  throw new CliError('interrupted', 'the device went off by itself', { fault: 'world' });
}

function unusable(message: string): CliError {
  return new CliError('usage', message, { fault: 'caller', hint: 'npx casemate run --help shows how.' });
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new CliError('usage', `"${text}" is no seed: a whole number below 2^32`, { fault: 'caller' });
  return seed;
}
