// The main job from the outside: what `npm start` and `casemate run` promise to a script.

import { readdir } from 'node:fs/promises';
import test from 'ava';
import { casemate, document, lines, sharedFolder } from './support/casemate.ts';

const folder = sharedFolder(test);
/** SAMPLE_LED and SAMPLE_RGBLED_GREEN of the MT3620 RDB. */
const [RED_PIN, GREEN_PIN] = [8, 16];
const state = (): readonly string[] => ['--state', folder.path('state')];

interface Edge {
  readonly t: number;
  readonly pin: number;
  readonly level: number;
}

/** Milliseconds between neighbouring edges, rising. */
function spacings(edges: readonly Edge[]): readonly number[] {
  return edges
    .slice(1)
    .map((edge, index) => edge.t - (edges[index]?.t ?? 0))
    .sort((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return values[values.length >> 1] ?? Number.NaN;
}

test.serial(
  'up --once --json plays the whole story: every step holds, and standard output is the one document',
  async (t) => {
    const ran = await casemate(['up', '--once', '--json', ...state()]);
    t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
    const { ok, device, steps, lab1, lab2, denied, refused } = document(ran) as unknown as {
      ok: boolean;
      device: { id: string };
      steps: readonly { ok: boolean; name: string }[];
      lab1: { edges: readonly Edge[]; pressedAt: number };
      lab2: { before: string; after: string; edges: readonly Edge[] };
      denied: readonly { resource: string; layer: string; error: string }[];
      refused: readonly { code: string }[];
    };
    t.true(ok);
    t.regex(device.id, /^[0-9a-f]{128}$/);
    t.deepEqual(
      steps.filter((step) => !step.ok),
      [],
    );
    const before = median(spacings(lab1.edges.filter((edge) => edge.t <= lab1.pressedAt)));
    const after = median(spacings(lab1.edges.filter((edge) => edge.t > lab1.pressedAt)));
    t.true(after > before * 1.5, `${before} ms before the press, ${after} ms after it`);
    // The third pin, stopped twice: by the broker, and by the firewall where the broker's check is missing.
    t.deepEqual(
      denied.map(({ resource, layer, error }) => `${resource} ${layer} ${error}`),
      ['gpio:9 broker access-denied', 'gpio:9 firewall access-denied'],
    );
    t.deepEqual(
      refused.map(({ code }) => code),
      [
        // Lab 1: sideloaded, or with a hand on the flash.
        'right-missing',
        'image-digest-mismatch',
        'image-not-trusted',
        'resource-in-use',
        'stage-image-invalid',
        // Lab 2: at the service, on its disk, and by the monitor.
        'image-catalog-mismatch',
        'image-publisher-signature-missing',
        'evidence-signature-invalid',
        'update-target-missing',
        'image-digest-mismatch',
        'image-rolled-back',
        'evidence-digest-wrong',
      ],
    );
    t.not(lab2.before, lab2.after);
    // Red until the update, green after it, and never red again.
    const firstGreen = lab2.edges.findIndex(({ pin }) => pin === GREEN_PIN);
    t.true(firstGreen > 4 && lab2.edges.slice(0, firstGreen).every(({ pin }) => pin === RED_PIN));
    t.true(lab2.edges.slice(firstGreen).filter(({ pin }) => pin === GREEN_PIN).length >= 4);
    t.deepEqual(
      (await readdir(folder.path('state'))).filter((name) => name.startsWith('story-')),
      [],
    );
    t.deepEqual(await readdir(folder.path('state/devices')), []);
  },
);

test.serial('run streams edges whose spacing changes after the press', async (t) => {
  const ran = await casemate([
    'run',
    'apps/blink',
    '--for',
    '3s',
    '--press',
    'SAMPLE_BUTTON_1@1s',
    '--json',
    ...state(),
  ]);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  const events = lines(ran);
  const press = events.find((event) => event['kind'] === 'press');
  t.like(press, { name: 'SAMPLE_BUTTON_1' });
  const edges = events.filter(
    (event) => event['kind'] === 'pin' && event['name'] === 'SAMPLE_LED',
  ) as unknown as Edge[];
  const pressedAt = press?.['t'] as number;
  const before = median(spacings(edges.filter((edge) => edge.t <= pressedAt)));
  const after = median(spacings(edges.filter((edge) => edge.t > pressedAt)));
  t.true(after > before * 1.5, `${before} ms before the press, ${after} ms after it`);
  t.like(
    events.find((event) => event['kind'] === 'denied'),
    {
      app: 'blink',
      interface: 'casemate:device/gpio',
      function: 'open-output',
      resource: 'gpio:9',
      error: 'access-denied',
      layer: 'broker',
    },
  );
});

test.serial('new makes an app that builds and runs as it stands', async (t) => {
  const app = folder.path('fresh-app');
  const made = await casemate(['new', app, '--json']);
  t.is(made.exitCode, 0, made.stdout);
  const ran = await casemate(['run', app, '--for', '1s', '--json', ...state()]);
  t.is(ran.exitCode, 0, ran.stdout + ran.stderr);
  t.true(lines(ran).some((event) => event['kind'] === 'pin'));
});
