// How long an app lives on after the order to end it, in each placement: while it computes, and while it waits. For the benchmark of kills; it must
// never be used elsewhere.

import { appImage, deviceApp } from './device-app.ts';
import { PLACED, PlacedApps } from './placed-apps.ts';

const IMPORTS = `(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))
  (import "casemate:device/poll@0.1.0" "wait" (func $wait (param i32 i32 i32 i64 i32)))`;
const does = (what: string): Promise<Uint8Array> =>
  deviceApp(
    IMPORTS,
    `(func (export "run") (result i32) (call $log (i32.const 64) (i32.const 4)) (loop ${what} (br 0)) (unreachable))`,
  );
const WAIT = '(call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 128))';

/** Milliseconds from the order to the told end, `rounds` of each. */
export async function killPlaced(
  rounds: number,
): Promise<readonly { readonly what: string; readonly samples: readonly number[] }[]> {
  const guests = [
    { what: 'computes', image: appImage(await does('')) },
    { what: 'waits', image: appImage(await does(WAIT)) },
  ];
  const rows = [];
  for (const placement of PLACED) {
    const apps = await PlacedApps.start(placement);
    try {
      for (const { what, image } of guests) {
        const samples: number[] = [];
        for (let round = 0; round < rounds; round += 1) {
          const app = apps.app(image);
          await apps.untilLogged(app);
          let endedAt = 0;
          app.running.onEnd(() => (endedAt = performance.now()));
          const startedAt = performance.now();
          app.running.kill();
          await app.ended;
          samples.push(endedAt - startedAt);
        }
        rows.push({ what: `an app that ${what}, placement ${placement}`, samples });
      }
    } finally {
      apps.close();
    }
  }
  return rows;
}
