// What a user feels: a GPIO set from an app in a process of its own, with both hops (app to OS, OS to bus), the grant check and the firewall, on a
// whole device. Measured at the pin, by the chip's clock, as the time from one edge to the next. Goals: p50 60 us, p99 150 us.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onDevice } from '../../test/support/installed-app.ts';
import type { Benchmark } from '../repo/bench/benchmark.ts';

const PIN = 9;
const EDGES = 3000;
/** The engine's tiers and the pipes settle. */
const WARM_UP = 1000;
const SOURCE = `
#include <applibs/gpio.h>
#include <time.h>
int main(void) {
    int fd = GPIO_OpenAsOutput(${PIN}, GPIO_OutputMode_PushPull, GPIO_Value_High);
    if (fd < 0) return 1;
    for (int i = 0; i < ${EDGES}; i++) GPIO_SetValue(fd, i % 2 == 0 ? GPIO_Value_Low : GPIO_Value_High);
    return 0;
}`;

const benchmark: Benchmark = {
  name: 'gpio-set',
  run: async ({ row, say }) => {
    const folder = await mkdtemp(join(tmpdir(), 'casemate-gpio-set-'));
    try {
      say(`${EDGES} edges of one pin on a fresh device`);
      const edges: number[] = [];
      const app = { name: 'edges', source: SOURCE, capabilities: { Gpio: [PIN] } };
      await onDevice(folder, [app], async (bench) => {
        bench.onEvent((event) => {
          if (event.kind === 'pin' && event.pin === PIN) edges.push(event.t);
        });
        await bench.next('the last edge', () => edges.length >= EDGES, 60_000);
      });
      const samples = edges
        .slice(WARM_UP)
        .flatMap((t, index, all) => (index === 0 ? [] : [(t - (all[index - 1] ?? t)) * 1000]));
      return [row({ case: 'GPIO set, app in a process of its own', unit: 'us', samples })];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export default benchmark;
