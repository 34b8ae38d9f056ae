import test from 'ava';
import { PLACED, PlacedApps } from '../../test/support/placed-apps.ts';
import { appImage, deviceApp } from '../../test/support/device-app.ts';

const LOG = '(import "casemate:device/log@0.1.0" "write" (func $log (param i32 i32)))';
const EXIT = '(import "casemate:device/process@0.1.0" "exit" (func $exit (param i32)))';
const WAIT = '(import "casemate:device/poll@0.1.0" "wait" (func $wait (param i32 i32 i32 i64 i32)))';

const image = async (imports: string, functions: string): Promise<Uint8Array> =>
  appImage(await deviceApp(imports, functions));
const run = (body: string): string => `(data (i32.const 64) "here") (func (export "run") (result i32) ${body})`;
/** Says that it runs. */
const SAY = '(call $log (i32.const 64) (i32.const 4))';
const FOR_EVER = '(call $wait (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 128))';
const PAUSE_MS = (ms: number): string =>
  `(call $wait (i32.const 0) (i32.const 0) (i32.const 1) (i64.const ${ms * 1_000_000}) (i32.const 128))`;

const SPINS = await image(LOG, run(`${SAY} (loop (br 0)) (unreachable)`));
const WAITS = await image(LOG + WAIT, run(`${SAY} ${FOR_EVER} (i32.const 0)`));
const TRAPS = await image(LOG, run(`${SAY} (unreachable)`));
const EXITS = await image(EXIT, run('(call $exit (i32.const 41)) (i32.const 0)'));
const RETURNS = await image(LOG, run(`${SAY} (i32.const 7)`));
/** Logs all the time, with a pause between. */
const LIVES = await image(LOG + WAIT, run(`(loop ${SAY} ${PAUSE_MS(5)} (br 0)) (unreachable)`));
const FLOODS = await image(
  LOG,
  run(
    `(local i32) (local.set 0 (i32.const 3000)) (loop ${SAY} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 3)`,
  ),
);
const ENDLESS_RECURSION = await image(
  '',
  '(func $deep (export "run") (result i32) (i32.add (call $deep) (i32.const 1)))',
);
const KILLED = { exitCode: undefined, signal: 'SIGKILL' };

for (const placement of PLACED) {
  const apps = PlacedApps.start(placement);
  test.after.always(async () => (await apps).close());
  const named = (what: string): string => `in the placement ${placement} ${what}`;

  test.serial(named('an app ends with the code that it returns or exits with'), async (t) => {
    const all = await apps;
    t.like(await all.app(RETURNS).ended, { exitCode: 7, lastWords: '' });
    t.like(await all.app(EXITS).ended, { exitCode: 41, lastWords: '' });
  });

  test.serial(named('a trap is told with its kind, and touches no neighbour'), async (t) => {
    const all = await apps;
    const neighbour = all.app(LIVES);
    await all.untilLogged(neighbour);
    const end = await all.app(TRAPS).ended;
    t.is(end.exitCode, 254);
    t.regex(end.lastWords, /^casemate trap unreachable/m);
    const deep = await all.app(ENDLESS_RECURSION).ended;
    t.is(deep.exitCode, 254);
    const count = all.logged(neighbour.context).length - neighbour.loggedBefore;
    await all.untilLogged(neighbour, count + 3);
    neighbour.running.kill();
    t.like(await neighbour.ended, KILLED);
  });

  test.serial(named('bytes that are no app are refused by their code'), async (t) => {
    const all = await apps;
    const end = await all.app(appImage(new Uint8Array(3))).ended;
    t.is(end.exitCode, 253);
    t.regex(end.lastWords, /^casemate refused component-not-a-component /m);
  });

  test.serial(named('an app that spins does not keep its neighbour waiting, and is killed'), async (t) => {
    const all = await apps;
    const spinning = all.app(SPINS);
    await all.untilLogged(spinning);
    const neighbour = all.app(LIVES);
    await all.untilLogged(neighbour, 5);
    spinning.running.kill();
    t.like(await spinning.ended, KILLED);
    neighbour.running.kill();
    t.like(await neighbour.ended, KILLED);
  });

  test.serial(named('an app that waits is killed, and its place is good for another one'), async (t) => {
    const all = await apps;
    const waiting = all.app(WAITS);
    await all.untilLogged(waiting);
    waiting.running.kill();
    t.like(await waiting.ended, KILLED);
    const next = all.app(RETURNS);
    t.is(next.context, waiting.context);
    t.like(await next.ended, { exitCode: 7 });
  });

  test.serial(named('a flood of log lines goes through, and ends with the app'), async (t) => {
    const all = await apps;
    const flooding = all.app(FLOODS);
    t.like(await flooding.ended, { exitCode: 3 });
    await t.notThrowsAsync(all.untilLogged(flooding, 3000));
  });

  test.serial(named('an app that is killed before it has begun ends, too'), async (t) => {
    const all = await apps;
    const app = all.app(LIVES);
    await all.untilStarted(app);
    app.running.kill();
    t.like(await app.ended, KILLED);
  });

  if (placement !== 'process') {
    test.serial(named('the broker’s start frame may be there before the app is'), async (t) => {
      const all = await apps;
      for (let round = 0; round < 3; round += 1) {
        const app = await all.appThatIsAwaited(RETURNS);
        t.like(await app.ended, { exitCode: 7 });
      }
    });

    test.serial(
      named('the end of the process is the end of all that are in it, and none starts there any more'),
      async (t) => {
        const all = await apps;
        const both = [all.app(WAITS), all.app(SPINS)];
        for (const app of both) await all.untilLogged(app);
        all.killGroup();
        for (const { ended } of both) t.like(await ended, KILLED);
        t.throws(() => all.app(RETURNS), { code: 'launch-failed' });
      },
    );
  }
}
