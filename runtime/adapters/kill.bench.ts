// How long a compartment that spins in WebAssembly lives on after the monitor's kill; the design's goal is 10 ms. Measured
// from the kill to the reported end, inside all walls that stand here and inside none, against a plain Node process that spins and is
// killed in the same way.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { killPlaced } from '../../test/support/kill-placed.ts';
import type { Benchmark } from '../../toolchain/repo/bench/benchmark.ts';
import { ProcessLauncher } from './process-launcher.ts';
import { NO_WALLS, hostWalls } from './walls/host-walls.ts';

/** (module (func (loop (br 0))) (start 0)) */
const SPIN = 'AGFzbQEAAAABBAFgAAADAgEACAEACgkBBwADQAwACws=';
const PROGRAM = `new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.fromBase64('${SPIN}')))`;
/** Long enough for a process to start and spin, also on a busy machine. */
const WARM_UP_MS = 400;
const ROUNDS = 15;

async function killCompartment(launcher: ProcessLauncher): Promise<number> {
  const program = { name: 'spin', code: new TextEncoder().encode(PROGRAM) };
  const running = launcher.startCompartment(program, 1, new Uint8Array(0), { memoryPages: 4 });
  const { promise: ended, resolve } = Promise.withResolvers<string | undefined>();
  running.onEnd(({ signal, lastWords }) => resolve(signal ?? lastWords));
  await sleep(WARM_UP_MS);
  const startedAt = performance.now();
  running.kill();
  const how = await ended;
  if (how !== 'SIGKILL') throw new Error(`the guest did not spin: ${how}`);
  return performance.now() - startedAt;
}

async function killPlain(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  child.stderr.resume();
  await sleep(WARM_UP_MS);
  const startedAt = performance.now();
  child.kill('SIGKILL');
  await closed;
  return performance.now() - startedAt;
}

const benchmark: Benchmark = {
  name: 'kill',
  run: async ({ row, say }) => {
    const host = hostWalls();
    say(`killing ${ROUNDS} of each; ${host.standing.size} of ${host.reports.length} walls stand`);
    const walled = { launcher: new ProcessLauncher(host), samples: [] as number[] };
    const bare = { launcher: new ProcessLauncher(NO_WALLS), samples: [] as number[] };
    const plain: number[] = [];
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const { launcher, samples } of [walled, bare]) samples.push(await killCompartment(launcher));
        plain.push(await killPlain());
      }
    } finally {
      for (const { launcher } of [walled, bare]) launcher.close();
    }
    const against = { what: 'a plain Node process', samples: plain };
    const placed = await killPlaced(ROUNDS);
    return [
      ...placed.map(({ what, samples }) => row({ case: what, unit: 'ms', samples, against })),
      row({ case: 'a compartment that spins in WebAssembly, all walls', unit: 'ms', samples: walled.samples, against }),
      row({ case: 'the same without walls of the host', unit: 'ms', samples: bare.samples, against }),
    ];
  },
};

export default benchmark;
