// Virtual time on a whole device: an hour in seconds, one app at a time, and the same events whenever it is run again.

import { mkdir, writeFile } from 'node:fs/promises';
import test from 'ava';
import { buildApp } from '../toolchain/build/build-app.ts';
import type { BenchEvent } from '../toolchain/cli/bench.ts';
import { withFreshDevice } from '../toolchain/cli/fresh-device.ts';
import { runVirtually } from '../toolchain/cli/virtual-run.ts';
import { prepareProfile } from '../toolchain/factory/profile.ts';
import { sharedFolder } from './support/casemate.ts';

const folder = sharedFolder(test);
/** Button A of the board. */
const BUTTON = 12;
const PIECE_WITHIN_MS = 60_000;
/** Builds and starts a device or two, on a busy machine. */
const TIMEOUT_MS = 300_000;

interface App {
  readonly name: string;
  readonly componentId: string;
  readonly pins: readonly number[];
  readonly source: string;
}

async function imageOf({ name, componentId, pins, source }: App): Promise<Uint8Array> {
  const app = folder.path(name);
  await mkdir(app, { recursive: true });
  const manifest = {
    SchemaVersion: 1,
    Name: name,
    ComponentId: componentId,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: pins.length === 0 ? {} : { Gpio: pins },
    ApplicationType: 'Default',
  };
  await writeFile(`${app}/app_manifest.json`, JSON.stringify(manifest));
  await writeFile(`${app}/main.c`, source);
  const profile = await prepareProfile(folder.path('state'));
  return profile.developmentKey.signImage((await buildApp({ folder: app })).image);
}

interface Wish {
  readonly apps: readonly App[];
  readonly forMs: number;
  readonly pressAtMs?: number;
  readonly pieceWithinMs?: number;
}

async function play({ apps, forMs, pressAtMs, pieceWithinMs = PIECE_WITHIN_MS }: Wish): Promise<readonly BenchEvent[]> {
  const profile = await prepareProfile(folder.path('state'));
  const images: Uint8Array[] = [];
  for (const app of apps) images.push(await imageOf(app));
  const events: BenchEvent[] = [];
  const device = { profile, board: 'mt3620_rdb', names: new Map<number, string>(), seed: 1, virtualTime: true };
  await withFreshDevice(device, (bench) =>
    runVirtually(bench, {
      forMs,
      presses: pressAtMs === undefined ? [] : [{ pin: BUTTON, atMs: pressAtMs }],
      pieceWithinMs,
      install: async () => {
        for (const image of images) await bench.client.sideload(image);
      },
      tell: (event) => events.push(event),
    }),
  );
  return events;
}

/** Wakes ten times a second, works for a while that no two machines take the same time for, moves its LED and says so. */
const worker = (led: number): string => `
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <time.h>
int main(void) {
    int out = GPIO_OpenAsOutput(${led}, GPIO_OutputMode_PushPull, GPIO_Value_High);
    struct timespec pause = {0, 100 * 1000 * 1000};
    volatile unsigned spent = 0;
    for (unsigned turn = 0;; turn++) {
        for (unsigned i = 0; i < 1000000 * (turn % 3); i++) spent += i;
        GPIO_SetValue(out, turn & 1 ? GPIO_Value_Low : GPIO_Value_High);
        Log_Debug("turn %u\\n", turn);
        nanosleep(&pause, 0);
    }
}`;
const watcher = `
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <time.h>
int main(void) {
    int button = GPIO_OpenAsInput(${BUTTON});
    struct timespec pause = {0, 20 * 1000 * 1000};
    GPIO_Value_Type before = GPIO_Value_High;
    for (;;) {
        GPIO_Value_Type now;
        GPIO_GetValue(button, &now);
        if (now != before) Log_Debug(now == GPIO_Value_Low ? "down\\n" : "up\\n");
        before = now;
        nanosleep(&pause, 0);
    }
}`;
// In the order in which they are installed, which is not that of their ids.
const PAIR: readonly App[] = [
  { name: 'second', componentId: 'b0000000-0000-4000-8000-000000000002', pins: [9], source: worker(9) },
  { name: 'first', componentId: 'a0000000-0000-4000-8000-000000000001', pins: [8], source: worker(8) },
  { name: 'watcher', componentId: 'c0000000-0000-4000-8000-000000000003', pins: [BUTTON], source: watcher },
];

test.serial('the same apps, press and seed give the same events, to the byte, at moments that are exact', async (t) => {
  t.timeout(TIMEOUT_MS);
  const wish = { apps: PAIR, forMs: 2000, pressAtMs: 1005 };
  const events = await play(wish);
  const again = await play(wish);
  t.deepEqual(
    again.map((event) => JSON.stringify(event)).join('\n'),
    events.map((event) => JSON.stringify(event)).join('\n'),
  );
  const logs = events.flatMap((event) => (event.kind === 'log' ? [event] : []));
  const turns = logs.filter(({ message }) => message.startsWith('turn'));
  t.deepEqual(
    turns.map((event) => `${event.t} ${event.app}`),
    Array.from({ length: 20 }, (_, turn) => [`${turn * 100} first`, `${turn * 100} second`]).flat(),
  );
  // It looks every 20 ms: what the finger did at 1005 and 1155 is seen at the next look.
  t.deepEqual(
    logs.filter(({ app }) => app === 'watcher').map((event) => `${event.t} ${event.message.trim()}`),
    ['1020 down', '1160 up'],
  );
  t.deepEqual(
    events.flatMap((event) => (event.kind === 'pin' && event.pin === BUTTON ? [event.t] : [])),
    [1005, 1155],
  );
});

test.serial('an hour goes by with every second in it', async (t) => {
  t.timeout(TIMEOUT_MS);
  const second = worker(8)
    .replace('{0, 100 * 1000 * 1000}', '{1, 0}')
    .replaceAll('Log_Debug("turn', 'if (turn % 60 == 0) Log_Debug("turn');
  const apps = [{ name: 'hourly', componentId: 'd0000000-0000-4000-8000-000000000004', pins: [8], source: second }];
  const events = await play({ apps, forMs: 3_600_000 });
  t.is(events.filter(({ kind }) => kind === 'pin').length, 3600);
  t.is(events.filter(({ kind }) => kind === 'log').length, 60);
  t.is(events.at(-1)?.t, 3_599_000);
});

test.serial('a crash loop is over after exactly the delays of the policy', async (t) => {
  t.timeout(TIMEOUT_MS);
  const crasher = { name: 'crasher', componentId: 'e0000000-0000-4000-8000-000000000005', pins: [] };
  const events = await play({
    apps: [{ ...crasher, source: 'int main(void) { __builtin_trap(); }' }],
    forMs: 3_600_000,
  });
  t.deepEqual(
    events.filter(({ kind }) => kind === 'started').map((event) => event.t),
    [0, 1000, 3000, 7000, 15_000],
  );
  t.like(events.at(-1), { kind: 'failure', t: 15_000, restarts: 4 });
});

test.serial('an app that never waits keeps time standing, and the run ends with a code', async (t) => {
  t.timeout(TIMEOUT_MS);
  const spinner = { name: 'spinner', componentId: 'f0000000-0000-4000-8000-000000000006', pins: [] };
  const source = 'int main(void) { volatile int i = 0; for (;;) i++; }';
  const played = play({ apps: [{ ...spinner, source }], forMs: 1000, pieceWithinMs: 1500 });
  t.like(await t.throwsAsync(played), { code: 'time-stands-still' });
});
