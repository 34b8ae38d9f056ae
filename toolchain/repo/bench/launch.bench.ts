// What the launcher adds to every start once the packages are there; the house's limit is 200 ms.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../check/tree.ts';
import { findEngine } from '../launch/engine.mjs';
import type { Benchmark } from './benchmark.ts';

const benchmark: Benchmark = {
  name: 'launch',
  run: async ({ row, sampleMs }) => {
    const engine = findEngine(ROOT);
    const list = join(ROOT, 'toolchain/repo/bench.ts');
    const start = async (args: readonly string[]): Promise<void> => {
      const { status, stderr } = spawnSync(engine, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    };
    const direct = await sampleMs(() => start([list]));
    const launched = await sampleMs(() => start([join(ROOT, 'toolchain/repo/casemate.mjs'), '--repo', 'bench']));
    const against = { what: 'the engine alone', samples: direct };
    return [row({ case: 'npm run bench, started by the launcher', unit: 'ms', samples: launched, against })];
  },
};

export default benchmark;
