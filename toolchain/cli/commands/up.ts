// `casemate up`, the main job: a board that boots what it verified and blinks. With --once it plays the whole story and stops.

import type { Command } from 'commander';
import { prepareProfile } from '../../factory/profile.ts';
import { stateFolder } from '../attached.ts';
import { checkedBoard } from '../boards.ts';
import type { CommandContext } from '../command-context.ts';
import { eventText } from '../event-text.ts';
import { Interrupted, interruptible } from '../interrupt.ts';
import type { Outcome } from '../outcome.ts';
import { errorDocument } from '../outcome.ts';
import { servicePort } from '../port.ts';
import type { Lab1 } from '../story/lab1.ts';
import { playLab1 } from '../story/lab1.ts';
import type { Lab2 } from '../story/lab2.ts';
import { playLab2 } from '../story/lab2.ts';
import type { StepRecord } from '../story/steps.ts';
import { Story } from '../story/steps.ts';
import { table } from '../table.ts';
import type { StayOptions } from '../up/stay-up.ts';
import { stayUp } from '../up/stay-up.ts';

interface Choice {
  readonly once?: boolean;
  readonly fresh?: boolean;
  readonly board: string;
  readonly state: string;
  readonly port?: string;
}

export function registerUp(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('up')
    .description(
      'Runs a service and a simulated board that is claimed and attested there, with apps/blink on it, until Ctrl-C; with --once plays the whole story headless and stops.',
    )
    .option('--once', 'play the story, print its table (or one JSON document), stop')
    .option('--fresh', 'make the device anew: its keys and apps are gone for good')
    .option(
      '--port <n>',
      'port of the management API, with the device API and the page on the two after it (default: 4300, or any)',
    )
    .option('--board <name>', 'board to simulate', 'mt3620_rdb')
    .option('--state <dir>', 'state folder: keys, OS release, devices, the service and its fleet', '.casemate')
    .option('--json', 'one JSON document with --once, JSON Lines without')
    .addHelpText('after', '\nExamples:\n  npx casemate up\n  npm start --silent -- --once --json')
    .action(async (choice: Choice) => {
      const state = stateFolder(cwd, choice);
      if (choice.once === true) await interruptible((signal) => playOnce(outcome, state, signal));
      else {
        const { board, fresh } = choice;
        const port = choice.port === undefined ? undefined : servicePort(choice.port);
        await untilCtrlC(outcome, { state, cwd, board: checkedBoard(board), force: fresh === true, port });
      }
    });
}

async function playOnce(outcome: Outcome, state: string, signal: AbortSignal): Promise<void> {
  const story = new Story(signal, (step) => outcome.progress(stepText(step)));
  const played = await play(story, state);
  const { lab1, lab2, error } = played;
  const document = {
    ok: error === undefined,
    device: { id: lab1?.deviceId ?? null },
    steps: story.steps,
    lab1: lab1 === undefined ? null : { edges: lab1.edges, pressedAt: lab1.pressedAt },
    lab2: lab2 ?? null,
    denied: lab1?.denied ?? [],
    refused: story.refused,
    ...(error === undefined ? {} : errorDocument(error)),
  };
  outcome.result(document, () => storyText(story.steps, played));
  if (error !== undefined) process.exitCode = 1;
}

/** What was played to its end, and why the rest was not. */
interface Played {
  readonly lab1?: Lab1;
  readonly lab2?: Lab2;
  readonly error?: unknown;
}

async function play(story: Story, state: string): Promise<Played> {
  let played: Played = {};
  try {
    const profile = await story.step('the authority’s keys and a signed OS release', () => prepareProfile(state));
    const lab1 = await playLab1(story, profile);
    played = { lab1 };
    return { lab1, lab2: await playLab2(story, profile, lab1.blink) };
  } catch (error) {
    // After a signal every error is only what it did to the step under way.
    return { ...played, error: story.signal.aborted ? story.signal.reason : error };
  }
}

function storyText(steps: readonly StepRecord[], { lab1, lab2, error }: Played): string {
  const rows = table(
    ['STEP', '', 'MS'],
    steps.map((step) => [step.name, step.ok ? 'ok' : 'FAILED', String(step.ms)]),
  );
  if (error !== undefined) {
    const { code, message, hint } = errorDocument(error).error;
    return `${rows}\n\n${code}: ${message}${hint === null ? '' : `\n  ${hint}`}`;
  }
  const denied = (lab1?.denied ?? []).map((event) => eventText(event).trim());
  return [
    rows,
    '',
    `device of lab 1: ${lab1?.deviceId ?? ''}`,
    ...denied,
    `device of lab 2: ${lab2?.deviceId ?? ''}`,
    `image ${lab2?.before ?? ''} was updated to ${lab2?.after ?? ''}`,
  ].join('\n');
}

function stepText({ name, ok, ms }: StepRecord): string {
  return `${ok ? 'ok    ' : 'FAILED'} ${String(ms).padStart(6)} ms  ${name}`;
}

/** Ctrl-C is how this ends: no failure, unlike a story or a run that was cut short. */
async function untilCtrlC(outcome: Outcome, options: Omit<StayOptions, 'signal'>): Promise<void> {
  try {
    await interruptible((signal) => stayUp(outcome, { ...options, signal }));
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
}
