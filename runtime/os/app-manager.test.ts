// The lives of apps, in virtual time, with a monitor that does what the test says.

import test from 'ava';
import { RUNNER_EXIT, encodeLastWords } from '../../contracts/core/last-words.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { APP_START_FRAME, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import { AuditNotes, NotedPins } from '../../test/support/broker-bench.ts';
import { NotedPipe, ScriptedMonitor } from '../../test/support/scripted-monitor.ts';
import { MS, SECOND, VirtualTime, settled } from '../../test/support/virtual-time.ts';
import type { AppEnded } from '../monitor/abi/records.ts';
import type { AppFacts } from './app-facts.ts';
import { AppManager, STOP_GRACE_NS } from './app-manager.ts';
import { AuditTrail } from './audit-trail.ts';
import { Contexts } from './contexts.ts';
import { FailureReporter } from './failure-reporter.ts';
import { OsError } from './os-error.ts';
import { NO_AIR } from './network/air-link.ts';
import { AppNetwork } from './network/app-network.ts';
import { RESTART_TIMES } from './restart-policy.ts';
import type { ReportedEvent } from './service/report-queue.ts';
import { grantsOf } from '../../contracts/core/grants.ts';

const APP = '00000000-0000-4000-8000-00000000000a' as ComponentId;
const OTHER = '00000000-0000-4000-8000-00000000000b' as ComponentId;
const exited = (exitCode: number): AppEnded['how'] => ({ kind: 'exited', exitCode });
const WAIT = encodeAppRequest({ function: 'poll.wait', handles: [], timeoutNs: undefined });

function bench() {
  const monitor = new ScriptedMonitor();
  const time = new VirtualTime();
  const trail = new AuditTrail();
  const events: DeviceEvent[] = [];
  trail.onEvent((event) => events.push(event));
  const reported: ReportedEvent[] = [];
  const failures = new FailureReporter({ add: (event) => void reported.push(event) });
  const pipes = new Map([1, 2, 3, 4, 5, 6, 7].map((context) => [context, new NotedPipe()]));
  const contexts = new Contexts(monitor, (context) => pipes.get(context));
  monitor.onEnded = (ended) => contexts.ended(ended);
  const factsOf = async (componentId: ComponentId): Promise<AppFacts> => {
    const grants = grantsOf({ memoryBytes: 65536, gpioPins: [9] });
    return {
      componentId,
      imageId: componentId as unknown as AppFacts['imageId'],
      name: `app ${componentId.slice(-1)}`,
      version: '1.0.0',
      grants,
    };
  };
  const broker = new Broker({ time, gpio: new NotedPins(), audit: new AuditNotes() });
  const services = {
    broker,
    network: new AppNetwork(NO_AIR),
    time,
    trail,
    failures,
    contexts,
    restartTimes: RESTART_TIMES,
    stopGraceNs: STOP_GRACE_NS,
    factsOf,
  };
  const apps = new AppManager(services);
  const pipe = (context: number): NotedPipe => pipes.get(context) ?? new NotedPipe();
  return { monitor, time, trail, events, failures, reported, pipe, apps, services };
}
/** Another app's side of a launch, which does nothing. */
const quiet = () => ({ launched: () => undefined, ended: () => Promise.resolve() });
const kinds = (events: readonly DeviceEvent[]): string[] => events.map(({ kind }) => kind);

test('every installed app is started at boot, each with its start frame before anything else', async (t) => {
  const { apps, pipe, events } = bench();
  await apps.startAll([APP, OTHER]);
  t.deepEqual(
    apps.statuses().map(({ state, context }) => [state, context]),
    [
      ['running', 1],
      ['running', 2],
    ],
  );
  for (const context of [1, 2]) t.deepEqual(pipe(context).sent, [APP_START_FRAME]);
  t.deepEqual(kinds(events), ['started', 'started']);
});

test('an app that the monitor refuses does not keep the next one from starting', async (t) => {
  const { apps, monitor } = bench();
  monitor.launchRefusals.push('image-not-trusted');
  await apps.startAll([APP, OTHER]);
  t.deepEqual(
    apps.statuses().map(({ state }) => state),
    ['failed', 'running'],
  );
  t.deepEqual(apps.get(APP).status().lastEnd, { reason: 'refused', exitCode: null, detail: 'image-not-trusted' });
});

test('an app that is removed while the others start is not started', async (t) => {
  const { apps, monitor } = bench();
  const starting = apps.startAll([APP, OTHER]);
  apps.forget(OTHER);
  await starting;
  t.deepEqual(
    apps.statuses().map(({ componentId }) => componentId),
    [APP],
  );
  t.is(monitor.count('launch'), 1);
});

test('an image whose grants are not its manifest’s is never launched', async (t) => {
  const { services, monitor, failures } = bench();
  const factsOf = (): Promise<AppFacts> => Promise.reject(new OsError('grants-mismatch', ''));
  const apps = new AppManager({ ...services, factsOf });
  await apps.startAll([APP]);
  t.is(monitor.count('launch'), 0);
  t.deepEqual(apps.get(APP).status().lastEnd?.detail, 'grants-mismatch');
  t.is(failures.records().total, 1);
});

test('an app that ends for any reason is started again, after delays that grow', async (t) => {
  const { apps, monitor, time, events } = bench();
  await apps.startAll([APP]);
  // Exit code 0 by itself is no failure, so it is never given up: the delay stops growing at its bound.
  for (const delay of [1n, 2n, 4n, 8n, 16n, 32n, 60n, 60n]) {
    monitor.end(1, exited(0));
    await settled();
    t.is(apps.get(APP).state, 'crashed');
    await time.advance(delay * SECOND - 1n * MS);
    t.is(apps.get(APP).state, 'crashed', `too early after ${delay} s`);
    await time.advance(1n * MS);
    t.is(apps.get(APP).state, 'running', `not yet after ${delay} s`);
  }
  t.is(apps.get(APP).status().restarts, 8);
  t.false(kinds(events).includes('failure'));
});

test('a healthy run makes the delay short again', async (t) => {
  const { apps, monitor, time } = bench();
  await apps.startAll([APP]);
  for (const delay of [1n, 2n, 4n]) {
    monitor.end(1, exited(1));
    await time.advance(delay * SECOND);
  }
  await time.advance(RESTART_TIMES.healthyRunNs);
  monitor.end(1, exited(1));
  await time.advance(1n * SECOND);
  t.is(apps.get(APP).state, 'running');
});

test('a crash loop is given up: one failure event, one record, and the device goes on', async (t) => {
  const { apps, monitor, time, events, failures } = bench();
  await apps.startAll([APP, OTHER]);
  for (let crash = 0; crash < 5; crash++) {
    monitor.end(1, exited(RUNNER_EXIT.trap), encodeLastWords({ kind: 'trap', detail: 'unreachable' }));
    await time.advance(60n * SECOND);
  }
  await time.advance(3600n * SECOND);
  const lastEnd = { reason: 'trap', exitCode: null, detail: 'unreachable' } as const;
  t.like(apps.get(APP).status(), { state: 'failed', restarts: 4, context: null, lastEnd });
  t.is(apps.get(OTHER).state, 'running');
  t.is(monitor.count('launch'), 6);
  t.is(kinds(events).filter((kind) => kind === 'failure').length, 1);
  t.like(failures.records(), { total: 1, records: [{ componentId: APP, restarts: 4, lastEnd }] });
  t.deepEqual(kinds(events).filter((kind) => kind === 'trap').length, 5);
});

test('each failing end is told for the report, and the giving up; an app that ends well or is stopped is not', async (t) => {
  const { apps, monitor, time, reported } = bench();
  await apps.startAll([APP, OTHER]);
  monitor.end(1, exited(0));
  await settled();
  monitor.end(2, { kind: 'signal', signal: 11 });
  await settled();
  t.deepEqual(reported, [{ category: 'AppCrash', componentId: OTHER, imageId: OTHER, detail: 'killed; signal 11' }]);
  await time.advance(60n * SECOND);
  const stopped = apps.get(OTHER).stop();
  await time.advance(STOP_GRACE_NS);
  await stopped;
  t.is(reported.length, 1, 'ended by force because somebody wanted it gone');
  for (let crash = 0; crash < 5; crash++) {
    monitor.end(1, exited(3));
    await time.advance(20n * SECOND);
  }
  const exits = { category: 'AppExit', componentId: APP, imageId: APP } as const;
  t.deepEqual(reported.slice(1), [
    ...Array.from({ length: 5 }, () => ({ ...exits, detail: 'exit code 3' })),
    { ...exits, detail: 'given up after 5 restarts: exit code 3' },
  ]);
});

test('a person can start an app that was given up, and it has all its chances again', async (t) => {
  const { apps, monitor, time } = bench();
  await apps.startAll([APP]);
  for (let crash = 0; crash < 5; crash++) {
    monitor.end(1, exited(1));
    await time.advance(60n * SECOND);
  }
  t.is(apps.get(APP).state, 'failed');
  await apps.get(APP).start();
  t.like(apps.get(APP).status(), { state: 'running', restarts: 0 });
  monitor.end(1, exited(1));
  await time.advance(1n * SECOND);
  t.is(apps.get(APP).state, 'running');
});

test('a refusal that passes is tried again like a crash', async (t) => {
  const { apps, monitor, time } = bench();
  monitor.launchRefusals.push('no-free-context');
  await apps.startAll([APP]);
  t.is(apps.get(APP).state, 'crashed');
  await time.advance(1n * SECOND);
  t.is(apps.get(APP).state, 'running');
});

test('stop wakes the app, and one that ends by itself is not killed', async (t) => {
  const { apps, monitor, time, pipe } = bench();
  await apps.startAll([APP]);
  pipe(1).feed(WAIT);
  await settled();
  const stopped = apps.get(APP).stop();
  await settled();
  t.is(apps.get(APP).state, 'stopping');
  t.is(pipe(1).sent.length, 2, 'the start frame and the terminating wake');
  monitor.end(1, exited(0));
  await stopped;
  t.like(apps.get(APP).status(), { state: 'stopped', context: null });
  await time.advance(60n * SECOND);
  t.is(apps.get(APP).state, 'stopped', 'a stopped app is not restarted');
  t.is(monitor.count('stop'), 0);
});

test('an app that does not end within the grace period is ended by the monitor', async (t) => {
  const { apps, monitor, time } = bench();
  await apps.startAll([APP]);
  const stopped = apps.get(APP).stop();
  await time.advance(STOP_GRACE_NS - 1n);
  t.is(monitor.count('stop'), 0);
  await time.advance(1n);
  await stopped;
  t.is(monitor.count('stop'), 1);
  t.deepEqual(apps.get(APP).status().lastEnd, { reason: 'killed', exitCode: null, detail: 'signal 9' });
});

test('stop during the wait for a restart cancels the restart', async (t) => {
  const { apps, monitor, time } = bench();
  await apps.startAll([APP]);
  monitor.end(1, exited(1));
  await settled();
  await apps.get(APP).stop();
  await time.advance(60n * SECOND);
  t.is(apps.get(APP).state, 'stopped');
  t.is(monitor.count('launch'), 1);
});

test('stop while the launch is under way ends the app as soon as it runs', async (t) => {
  const { apps, monitor, time } = bench();
  const starting = apps.add(APP).start();
  t.is(apps.get(APP).state, 'starting');
  const stopped = apps.get(APP).stop();
  await starting;
  await time.advance(STOP_GRACE_NS);
  await stopped;
  t.is(apps.get(APP).state, 'stopped');
  t.deepEqual([monitor.count('launch'), monitor.count('stop')], [1, 1]);
});

test('start while it is stopping starts it when it is gone', async (t) => {
  const { apps, monitor } = bench();
  await apps.startAll([APP]);
  const stopped = apps.get(APP).stop();
  const started = apps.get(APP).start();
  monitor.end(1, exited(0));
  await Promise.all([stopped, started]);
  t.is(apps.get(APP).state, 'running');
});

test('an app that ends in the same breath as its launch is not taken for a running one', async (t) => {
  const { apps, monitor } = bench();
  monitor.endsAtOnce = exited(3);
  await apps.startAll([APP]);
  await settled();
  t.like(apps.get(APP).status(), { state: 'crashed', context: null, lastEnd: { reason: 'exit', exitCode: 3 } });
});

test('a protocol error on the pipe ends the app with that reason, and no other app', async (t) => {
  const { apps, monitor, pipe, events } = bench();
  await apps.startAll([APP, OTHER]);
  pipe(1).feed(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await settled();
  t.is(monitor.count('stop'), 1);
  const { state, lastEnd } = apps.get(APP).status();
  t.is(state, 'crashed');
  t.is(lastEnd?.reason, 'killed');
  t.regex(lastEnd?.detail ?? '', /^protocol-error: /);
  t.is(apps.get(OTHER).state, 'running');
  t.like(events.at(-1), { kind: 'exit', reason: 'killed', code: null });
});

test('bytes on the pipe of a context without an app go nowhere', async (t) => {
  const { apps, monitor, pipe, time } = bench();
  await apps.startAll([APP]);
  monitor.end(1, exited(1));
  await settled();
  // The rest of a frame that the last app had begun: the next one must not finish it.
  pipe(1).feed(Uint8Array.of(0xff, 0xff));
  await time.advance(1n * SECOND);
  pipe(1).feed(encodeAppRequest({ function: 'timers.now' }));
  await settled();
  t.is(apps.get(APP).state, 'running');
  t.is(pipe(1).sent.length, 2);
});

test('at an app’s end its pipe hears nobody, and forgets what was kept for it', async (t) => {
  const { apps, monitor, pipe } = bench();
  await apps.startAll([APP]);
  t.true(pipe(1).isHeard);
  t.is(pipe(1).sent.length, 1);
  monitor.end(1, exited(1));
  await settled();
  t.is(apps.get(APP).state, 'crashed');
  t.false(pipe(1).isHeard, 'bytes of a process that is gone reach no session');
  t.deepEqual(pipe(1).sent, [], 'a reply that was kept back does not reach the next app in this context');
});

test('a stop that comes late does not hit the next app in the same context', async (t) => {
  const { monitor, services } = bench();
  const { contexts } = services;
  await contexts.launch(APP, quiet());
  // All in one breath: its grace period is over, and it has ended, and its successor was on the way.
  monitor.end(1, exited(1));
  const successor = contexts.launch(OTHER, quiet());
  contexts.stop(1);
  await successor;
  await settled();
  t.is(monitor.count('launch'), 2);
  t.is(monitor.count('stop'), 0, 'whom it was meant for is gone');
});

for (const { what, how, words, end } of [
  { what: 'an exit', how: exited(7), words: '', end: { reason: 'exit', exitCode: 7, detail: '' } },
  {
    what: 'a trap',
    how: exited(254),
    words: 'casemate trap unreachable | at f\n',
    end: { reason: 'trap', exitCode: null, detail: 'unreachable | at f' },
  },
  {
    what: 'a refusal',
    how: exited(253),
    words: 'casemate refused link-import-unknown x\n',
    end: { reason: 'refused', exitCode: null, detail: 'link-import-unknown' },
  },
  // A guest cannot write last words: without them its number is only a number.
  {
    what: 'an exit with the number of a trap',
    how: exited(254),
    words: '',
    end: { reason: 'exit', exitCode: 254, detail: '' },
  },
  {
    what: 'words that do not fit the number',
    how: exited(1),
    words: 'casemate trap x\n',
    end: { reason: 'exit', exitCode: 1, detail: '' },
  },
  {
    what: 'a signal',
    how: { kind: 'signal', signal: 11 },
    words: '',
    end: { reason: 'killed', exitCode: null, detail: 'signal 11' },
  },
] as const) {
  test(`${what} is told as ${end.reason}`, async (t) => {
    const { apps, monitor } = bench();
    await apps.startAll([APP]);
    monitor.end(1, how, words);
    await settled();
    t.deepEqual(apps.get(APP).status().lastEnd, end);
  });
}

test('an unknown app is refused by its code', (t) => {
  t.throws(() => bench().apps.get(APP), { code: 'image-unknown' });
});
