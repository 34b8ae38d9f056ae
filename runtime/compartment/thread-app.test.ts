import test from 'ava';
import type { AppRequest } from '../../contracts/wire/app-call.ts';
import { appImage, deviceApp, sha256 } from '../../test/support/device-app.ts';
import { NearBroker } from '../../test/support/near-broker.ts';
import { ThreadApp } from './thread-app.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';
const WAIT = '(import "casemate:device/poll@0.1.0" "wait" (func $wait (param i32 i32 i32 i64 i32)))';
const SAY = '(call $log (i32.const 64) (i32.const 4))';
const run = (body: string): string => `(data (i32.const 64) "here") (func (export "run") (result i32) ${body})`;
const image = async (imports: string, functions: string): Promise<Uint8Array> =>
  appImage(await deviceApp(imports, functions));

function started(bytes: Uint8Array): { readonly app: ThreadApp; readonly broker: NearBroker } {
  const broker = new NearBroker();
  const app = new ThreadApp({ image: bytes, carrier: broker, sha256, turn });
  broker.start();
  return { app, broker };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

const logs = ({ requests }: { readonly requests: readonly AppRequest[] }): number =>
  requests.filter((request) => request.function === 'log.write').length;

const SPINS = await image(LOG, run(`${SAY} (loop (br 0)) (unreachable)`));
const WAITS = await image(
  LOG + WAIT,
  run(
    `${SAY} (call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 128)) ${SAY} (i32.const 0)`,
  ),
);
const COUNTS = await image(
  LOG,
  run(
    `(local i32) (local.set 0 (i32.const 20)) (loop ${SAY} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 3)`,
  ),
);

test('two apps in one thread do not block each other, though one of them never waits', async (t) => {
  const spinning = started(SPINS);
  await until(() => logs(spinning.broker) === 1);
  const counting = started(COUNTS);
  t.deepEqual(await counting.app.ended, { kind: 'exit', exitCode: 3 });
  t.is(logs(counting.broker), 20);
  spinning.app.kill();
  t.deepEqual(await spinning.app.ended, { kind: 'killed' });
});

test('an app that is killed in a wait is not resumed by the answer that comes late', async (t) => {
  const { app, broker } = started(WAITS);
  await until(() => broker.waits === 1);
  app.kill();
  broker.said(Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0));
  t.deepEqual(await app.ended, { kind: 'killed' });
  await turn();
  t.is(logs(broker), 1);
});

test('an app whose broker is gone ends', async (t) => {
  const { app, broker } = started(WAITS);
  await until(() => broker.waits === 1);
  broker.goAway();
  const ending = await app.ended;
  t.regex(ending.kind === 'trap' ? ending.detail : ending.kind, /^broker-gone/);
});

test('a reply that nobody asked for ends the app, and not its neighbour', async (t) => {
  const [app, neighbour] = [started(WAITS), started(COUNTS)];
  await until(() => app.broker.waits === 1);
  app.broker.said(Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0));
  t.not((await app.app.ended).kind, 'killed');
  t.deepEqual(await neighbour.app.ended, { kind: 'exit', exitCode: 3 });
});

test('an app that is not started by the broker is refused', async (t) => {
  const broker = new NearBroker();
  const app = new ThreadApp({ image: COUNTS, carrier: broker, sha256, turn });
  broker.said(Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4));
  t.like(await app.ended, { kind: 'refused', code: 'broker-not-started' });
});

test('many apps sleep in one thread, and each is ended alone', async (t) => {
  const all = Array.from({ length: 200 }, () => started(WAITS));
  await until(() => all.every(({ broker }) => broker.waits === 1));
  all.forEach(({ app }, index) => {
    if (index % 2 === 0) app.kill();
  });
  for (const { app } of all.filter((_, index) => index % 2 === 0)) t.deepEqual(await app.ended, { kind: 'killed' });
  t.true(all.every(({ broker }) => logs(broker) === 1));
  for (const { app } of all) app.kill();
  await Promise.all(all.map(({ app }) => app.ended));
});
