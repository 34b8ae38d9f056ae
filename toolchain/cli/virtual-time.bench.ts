// What virtual time costs of the host's: an hour of an app that wakes once a second, and a minute of one that looks at its button a hundred
// times a second. Never a run that is faster because it does less: every wake sets, or reads, a pin through broker, bus and firewall.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppPlacement } from '../../contracts/wire/device-link.ts';
import { APP_PLACEMENTS } from '../../contracts/wire/device-link.ts';
import { buildApp } from '../build/build-app.ts';
import { prepareProfile } from '../factory/profile.ts';
import type { Benchmark } from '../repo/bench/benchmark.ts';
import { withFreshDevice } from './fresh-device.ts';

const BLINK = join(import.meta.dirname, '../../apps/blink');
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const WITHIN_MS = 600_000;
const RUNS = 5;

const TICK_MANIFEST = {
  SchemaVersion: 1,
  Name: 'tick',
  ComponentId: '0b1a7a1e-4d3b-4c52-9f4d-6a3c5f0f2b10',
  EntryPoint: '/bin/app',
  CmdArgs: [],
  Capabilities: { Gpio: [9] },
  ApplicationType: 'Default',
};
const TICK = `
#include <applibs/gpio.h>
#include <applibs/log.h>
#include <time.h>
int main(void) {
    int fd = GPIO_OpenAsOutput(9, GPIO_OutputMode_PushPull, GPIO_Value_High);
    struct timespec second = {1, 0};
    for (unsigned i = 0;; i++) {
        GPIO_SetValue(fd, i & 1 ? GPIO_Value_Low : GPIO_Value_High);
        if (i % 60 == 0) Log_Debug("minute %u\\n", i / 60);
        nanosleep(&second, 0);
    }
}`;

/** Seconds of the host for each run of `pieceMs` of virtual time, after a minute that is thrown away. */
async function seconds(state: string, folder: string, placement: AppPlacement, pieceMs: number): Promise<number[]> {
  const profile = await prepareProfile(state);
  const image = profile.developmentKey.signImage((await buildApp({ folder })).image);
  const placed = placement === 'process' ? {} : { placement };
  const device = {
    profile,
    board: 'mt3620_rdb',
    names: new Map<number, string>(),
    seed: 1,
    virtualTime: true,
    ...placed,
  };
  const samples: number[] = [];
  await withFreshDevice(device, async (bench) => {
    await bench.client.sideload(image);
    await bench.runTime(MINUTE_MS, WITHIN_MS);
    for (let run = 1; run <= RUNS; run++) {
      const started = performance.now();
      await bench.runTime(MINUTE_MS + run * pieceMs, WITHIN_MS);
      samples.push((performance.now() - started) / 1000);
    }
  });
  return samples;
}

const benchmark: Benchmark = {
  name: 'virtual-time',
  run: async ({ row, say }) => {
    const folder = await mkdtemp(join(tmpdir(), 'casemate-virtual-time-'));
    try {
      await writeFile(join(folder, 'app_manifest.json'), JSON.stringify(TICK_MANIFEST));
      await writeFile(join(folder, 'main.c'), TICK);
      const state = join(folder, 'state');
      const rows = [];
      for (const placement of APP_PLACEMENTS) {
        say(placement);
        const hour = await seconds(state, folder, placement, HOUR_MS);
        rows.push(row({ case: `an hour, one wake a second, ${placement}`, unit: 's', samples: hour }));
        const minute = await seconds(state, BLINK, placement, MINUTE_MS);
        rows.push(row({ case: `a minute of apps/blink, 6,480 wakes, ${placement}`, unit: 's', samples: minute }));
      }
      return rows;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export default benchmark;
