// What each wall adds to the start of a compartment's process: from the start to the first instruction of its program, one wall at a
// time and all together, against the same process without walls of the host.

import type { Benchmark } from '../../../toolchain/repo/bench/benchmark.ts';
import { ProcessLauncher } from '../process-launcher.ts';
import type { HostWalls } from './host-walls.ts';
import { NO_WALLS, hostWalls, onlyWalls } from './host-walls.ts';

const ROUNDS = 15;
const FIRST_INSTRUCTION = new TextEncoder().encode("import { writeSync } from 'node:fs'; writeSync(2, 'here');");

/** Starts an app that says one word and ends, and waits for its end: the word comes with it. */
async function start(launcher: ProcessLauncher): Promise<number> {
  const startedAt = performance.now();
  const running = launcher.startCompartment({ name: 'here', code: FIRST_INSTRUCTION }, 1, new Uint8Array(0), {
    memoryPages: 4,
  });
  const lastWords = await new Promise<string>((resolve) => running.onEnd((end) => resolve(end.lastWords)));
  if (lastWords !== 'here') throw new Error(`it did not start: ${lastWords}`);
  return performance.now() - startedAt;
}

interface Candidate {
  readonly name: string;
  readonly launcher: ProcessLauncher;
  readonly samples: number[];
}

const candidate = (name: string, walls: HostWalls): Candidate => ({
  name,
  launcher: new ProcessLauncher(walls),
  samples: [],
});

const benchmark: Benchmark = {
  name: 'walls',
  run: async ({ row, say }) => {
    const host = hostWalls();
    const names = [...host.standing].filter((name) => name !== 'permission');
    say(
      `starting ${ROUNDS} processes for each of ${names.length + 2}; ${host.reports.length - host.standing.size} walls are missing`,
    );
    const bare = candidate('none', NO_WALLS);
    const walled = [...names.map((name) => candidate(name, onlyWalls(host, [name]))), candidate('all', host)];
    try {
      // One of each in turn, so that a busy moment of the machine is everybody's.
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const { launcher, samples } of [bare, ...walled]) samples.push(await start(launcher));
      }
    } finally {
      for (const { launcher } of [bare, ...walled]) launcher.close();
    }
    const against = { what: 'no wall of the host', samples: bare.samples };
    return walled.map(({ name, samples }) =>
      row({ case: `start to end behind ${name}`, unit: 'ms', samples, against }),
    );
  },
};

export default benchmark;
