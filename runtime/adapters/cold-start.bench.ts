// From an installed image to the app's first call, in each placement: reading, rewriting, compiling and linking included. Goals: thread 0.1 ms, worker
// 25 ms, process 55 ms for a C guest of up to 64 KiB. Where a process or a worker starts, the way to the broker's end is in it.

import { appImage, coreModule, deviceApp, sha256 } from '../../test/support/device-app.ts';
import { componentFromText } from '../../test/support/components.ts';
import { NearBroker } from '../../test/support/near-broker.ts';
import { PLACED, PlacedApps } from '../../test/support/placed-apps.ts';
import type { Benchmark } from '../../toolchain/repo/bench/benchmark.ts';
import { KeptComponents } from '../compartment/kept-components.ts';
import { ThreadApp } from '../compartment/thread-app.ts';

const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';
/** Functions that nobody calls, as a C library brings them along. */
const ballast = (count: number): string =>
  Array.from(
    { length: count },
    (_, index) => `(func (param i32 i32) (result i32) (local i32)
      (loop (local.set 2 (i32.add (i32.mul (local.get 2) (i32.const ${index})) (i32.load (local.get 0))))
        (i32.store (local.get 1) (i32.xor (local.get 2) (i32.shl (local.get 0) (i32.const 3))))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (local.get 1)))) (local.get 2))`,
  ).join('\n');
const guest = (count: number): Promise<Uint8Array> =>
  deviceApp(
    LOG,
    `${ballast(count)} (func (export "run") (result i32) (call $log (i32.const 64) (i32.const 4)) (loop (br 0)) (unreachable))`,
  );
const SIZES = [
  { what: '2 KiB', functions: 0 },
  { what: '60 KiB', functions: 1000 },
] as const;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function inThisThread(image: Uint8Array, kept: KeptComponents): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const broker = new NearBroker(() => resolve(performance.now()));
  const startedAt = performance.now();
  const app = new ThreadApp({ image, carrier: broker, sha256, turn, kept });
  broker.start();
  const ms = (await promise) - startedAt;
  app.kill();
  await app.ended;
  return ms;
}

async function placed(apps: PlacedApps, image: Uint8Array): Promise<number> {
  const startedAt = performance.now();
  const app = apps.app(image);
  await apps.untilLogged(app);
  const ms = performance.now() - startedAt;
  app.running.kill();
  await app.ended;
  return ms;
}

const benchmark: Benchmark = {
  name: 'cold-start',
  run: async ({ row, say, sampleMs }) => {
    const rows = [];
    for (const { what, functions } of SIZES) {
      const component = await guest(functions);
      const image = appImage(component);
      say(`a guest of ${(component.length / 1024).toFixed(1)} KiB`);
      const first: number[] = [];
      const again: number[] = [];
      const kept = new KeptComponents(sha256);
      for (let round = -50; round < 200; round += 1) {
        const ms = [await inThisThread(image, new KeptComponents(sha256)), await inThisThread(image, kept)] as const;
        if (round < 0) continue;
        first.push(ms[0]);
        again.push(ms[1]);
      }
      const against = { what: 'the first start', samples: first };
      rows.push(
        row({ case: `thread, in a thread that runs already, ${what}, first start`, unit: 'ms', samples: first }),
      );
      rows.push(row({ case: `the same, ${what}, further starts`, unit: 'ms', samples: again, against }));
      for (const placement of PLACED) {
        const apps = await PlacedApps.start(placement);
        const samples: number[] = [];
        try {
          for (let round = -2; round < 12; round += 1) {
            const ms = await placed(apps, image);
            if (round >= 0) samples.push(ms);
          }
        } finally {
          apps.close();
        }
        rows.push(row({ case: `${placement}, on the device's launcher, ${what}`, unit: 'ms', samples }));
      }
    }
    const megabyte = Uint8Array.from(await componentFromText(coreModule('', ballast(16_000))));
    const megabytes = megabyte.length / 1e6;
    const validation = await sampleMs(async () => void WebAssembly.validate(megabyte));
    const perMb = validation.map((ms) => ms / megabytes);
    rows.push(row({ case: "the engine's validation, per MB of code", unit: 'ms', samples: perMb }));
    return rows;
  },
};

export default benchmark;
