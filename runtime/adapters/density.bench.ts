// Memory of a sleeping app in each placement: what the host gives for n of them, divided by n. A process and a worker are counted by what is theirs
// alone (private pages), apps in a thread by the growth of the resident memory of the one process.

import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { appImage, deviceApp, sha256 } from '../../test/support/device-app.ts';
import { NearBroker } from '../../test/support/near-broker.ts';
import { PlacedApps } from '../../test/support/placed-apps.ts';
import type { PlacedApp } from '../../test/support/placed-apps.ts';
import type { Benchmark } from '../../toolchain/repo/bench/benchmark.ts';
import { ThreadApp } from '../compartment/thread-app.ts';

const IMPORTS = `(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))
  (import "casemate:device/poll@0.1.0" "wait" (func $wait (param i32 i32 i32 i64 i32)))`;
const SLEEPS = `(data (i32.const 64) "here") (func (export "run") (result i32) (call $log (i32.const 64) (i32.const 4))
  (call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 128)) (i32.const 0))`;
const KIB = 1024;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function residentBytes(): number {
  collect();
  return process.memoryUsage().rss;
}

async function inThisThread(image: Uint8Array, count: number): Promise<number> {
  const before = residentBytes();
  const all = Array.from({ length: count }, () => {
    const broker = new NearBroker();
    const app = new ThreadApp({ image, carrier: broker, sha256, turn });
    broker.start();
    return { app, broker };
  });
  while (!all.every(({ broker }) => broker.waits === 1)) await turn();
  const bytes = (residentBytes() - before) / count;
  for (const { app } of all) app.kill();
  await Promise.all(all.map(({ app }) => app.ended));
  return bytes / KIB;
}

/** Private pages of a process and all below it (the walls stand in processes of their own), KiB. Errors: the system's, where it is not told. */
function privateKib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const own = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + privateKib(Number(child)), own);
}

/** Up to as many as one launcher has contexts for. */
async function placed(apps: PlacedApps, image: Uint8Array, count: number): Promise<readonly PlacedApp[]> {
  const all = Array.from({ length: count }, () => apps.app(image));
  for (const app of all) await apps.untilLogged(app);
  return all;
}

const benchmark: Benchmark = {
  name: 'density',
  run: async ({ row, say }) => {
    const image = appImage(await deviceApp(IMPORTS, SLEEPS));
    const rows = [];
    for (const count of [1, 10, 100, 10_000]) {
      say(`${count} in a thread`);
      await inThisThread(image, Math.min(count, 100));
      rows.push(row({ case: `thread, ${count}`, unit: 'KiB', samples: [await inThisThread(image, count)] }));
    }
    for (const count of [1, 3]) {
      const apps = await PlacedApps.start('process');
      try {
        say(`${count} processes`);
        const all = await placed(apps, image, count);
        const samples = all.map(({ running }) => privateKib((running as { readonly pid?: number }).pid ?? 0));
        rows.push(row({ case: `process, ${count}`, unit: 'KiB', samples }));
      } finally {
        apps.close();
      }
    }
    for (const count of [1, 4]) {
      const apps = await PlacedApps.start('worker');
      try {
        say(`${count} workers`);
        // What the first worker of a process costs besides itself stays with the process.
        for (const first of await placed(apps, image, 1)) {
          first.running.kill();
          await first.ended;
        }
        const before = privateKib(apps.groupPid ?? 0);
        await placed(apps, image, count);
        const samples = [(privateKib(apps.groupPid ?? 0) - before) / count];
        rows.push(row({ case: `worker, ${count} in one process`, unit: 'KiB', samples }));
      } finally {
        apps.close();
      }
    }
    return rows;
  },
};

export default benchmark;
