// What one call of an app to the broker and back costs, in each placement: the mean over many calls of a guest that asks for the time, against
// an OS process that answers at once.

import { appImage, deviceApp } from '../../test/support/device-app.ts';
import { PLACED, PlacedApps } from '../../test/support/placed-apps.ts';
import type { Benchmark } from '../../toolchain/repo/bench/benchmark.ts';

const CALLS = 5000;
const ROUNDS = 9;
const IMPORTS = `(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))
  (import "casemate:device/timers@0.1.0" "now" (func $now (result i64)))`;
const SAY = '(call $log (i32.const 64) (i32.const 1))';
/** Says when it begins each round, and when the last one has ended. */
const ASKS = `(data (i32.const 64) "x") (func (export "run") (result i32) (local i32 i32)
  (loop $rounds ${SAY} (local.set 0 (i32.const ${CALLS}))
    (loop $calls (drop (call $now)) (br_if $calls (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (br_if $rounds (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const ${ROUNDS + 1}))))
  ${SAY} (i32.const 0))`;

const benchmark: Benchmark = {
  name: 'broker-call',
  run: async ({ row, say }) => {
    const image = appImage(await deviceApp(IMPORTS, ASKS));
    const rows = [];
    for (const placement of PLACED) {
      say(`${ROUNDS} times ${CALLS} calls in the placement ${placement}`);
      const apps = await PlacedApps.start(placement);
      const samples: number[] = [];
      try {
        const app = apps.app(image);
        let before = 0;
        for (let line = 1; line <= ROUNDS + 2; line += 1) {
          await apps.untilLogged(app, line);
          const now = performance.now();
          // The first round warms up.
          if (line > 2) samples.push(((now - before) * 1000) / CALLS);
          before = now;
        }
        await app.ended;
      } finally {
        apps.close();
      }
      rows.push(row({ case: placement, unit: 'us', samples }));
    }
    return rows;
  },
};

export default benchmark;
