// What the broker promises beyond the table: owners, budgets, waits, ends. Each test is one promise.

import test from 'ava';
import { LOG_LINE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { AppReply } from '../../contracts/wire/app-call.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';
import { MS, SECOND, settled } from '../../test/support/virtual-time.ts';
import { HANDLES_MAX } from './handle-table.ts';
import { CUT_MARK, LOG_ALLOWANCE, cutLogLine } from './log-budget.ts';

const refused = (error: string): unknown => ({ ok: false, error });
const ok = (kind: string, value?: unknown): unknown => ({
  ok: true,
  result: value === undefined ? { kind } : { kind, value },
});
const wake = (value: unknown): unknown => ok('wake', value);

test('a pin that the app was not granted is denied before anything is said about it', async (t) => {
  const { broker, audit } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  // Whether a pin exists, and whether it is taken, is nobody's business without the grant.
  for (const pin of [10, 80, 81, 0xffff_ffff]) {
    t.deepEqual(await app.call({ function: 'gpio.open-input', pin }), refused('access-denied'));
  }
  t.deepEqual(
    audit.denials.map(({ resource, layer }) => `${resource} ${layer}`),
    ['gpio:10 broker', 'gpio:80 broker', 'gpio:81 broker', 'gpio:4294967295 broker'],
  );
});

test('a refusal of the silicon firewall answers access-denied and is audited under its own layer', async (t) => {
  const { broker, audit, pins } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  pins.answer = { ok: false, error: 'access-denied', layer: 'firewall' };
  t.deepEqual(await app.call({ function: 'gpio.open-input', pin: 9 }), refused('access-denied'));
  t.deepEqual(
    audit.denials.map(({ function: name, layer }) => [name, layer]),
    [['open-input', 'firewall']],
  );
});

test('a fault of the driver is no denial', async (t) => {
  const { broker, audit, pins } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  pins.answer = { ok: false, error: 'no-device', layer: 'driver' };
  t.deepEqual(await app.call({ function: 'gpio.open-input', pin: 9 }), refused('no-device'));
  t.deepEqual(audit.denials, []);
});

test('a pin has one owner at a time, and is free again after its close', async (t) => {
  const { broker, pins } = brokerBench();
  const first = new AppEnd(broker, { context: 1, pins: [9] });
  const second = new AppEnd(broker, { context: 2, pins: [9] });
  const handle = await first.open({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 });
  t.deepEqual(await second.call({ function: 'gpio.open-input', pin: 9 }), refused('busy'));
  t.deepEqual(
    await first.call({ function: 'gpio.open-input', pin: 9 }),
    refused('busy'),
    'its owner opens it once, too',
  );
  t.deepEqual(await first.call({ function: 'handle.close', handle }), ok('none'));
  t.is(pins.accesses.at(-1), 'close 1:9');
  t.true((await second.call({ function: 'gpio.open-input', pin: 9 }))?.ok);
});

test('an open that fails leaves neither an owner nor a handle', async (t) => {
  const { broker, pins } = brokerBench({ handlesMax: 1 });
  const app = new AppEnd(broker, { pins: [9] });
  pins.answer = { ok: false, error: 'io', layer: 'driver' };
  t.deepEqual(await app.call({ function: 'gpio.open-input', pin: 9 }), refused('io'));
  pins.answer = undefined;
  t.true((await app.call({ function: 'gpio.open-input', pin: 9 }))?.ok);
});

for (const { mode, level } of [
  { mode: 3, level: 0 }, // one past open-source
  { mode: 255, level: 1 },
  { mode: 0, level: 2 }, // neither low nor high
]) {
  test(`gpio.open-output refuses mode ${mode}, level ${level}, and leaves the pin free`, async (t) => {
    const { broker, pins } = brokerBench();
    const app = new AppEnd(broker, { pins: [9] });
    t.deepEqual(await app.call({ function: 'gpio.open-output', pin: 9, mode, level }), refused('invalid-argument'));
    t.deepEqual(pins.accesses, []);
    t.true((await app.call({ function: 'gpio.open-input', pin: 9 }))?.ok);
  });
}

test('gpio.set refuses a level that is none', async (t) => {
  const { broker, pins } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  const handle = await app.open({ function: 'gpio.open-output', pin: 9, mode: 0, level: 0 });
  t.deepEqual(await app.call({ function: 'gpio.set', handle, level: 7 }), refused('invalid-argument'));
  t.deepEqual(pins.accesses, ['open-output 1:9 push-pull 0']);
});

test('an app has so many handles and no more; the audit trail hears of it once', async (t) => {
  const { broker, audit } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  const handles: number[] = [];
  for (let count = 0; count < HANDLES_MAX; count++) handles.push(await app.open({ function: 'timers.create' }));
  t.is(new Set(handles).size, HANDLES_MAX);
  for (let again = 0; again < 3; again++)
    t.deepEqual(await app.call({ function: 'timers.create' }), refused('too-many-handles'));
  t.deepEqual(await app.call({ function: 'gpio.open-input', pin: 9 }), refused('too-many-handles'));
  t.deepEqual(audit.limits, [{ limit: 'handles', used: HANDLES_MAX + 1, allowed: HANDLES_MAX }]);
  await app.call({ function: 'handle.close', handle: handles[0] ?? 0 });
  const next = await app.open({ function: 'timers.create' });
  t.false(handles.includes(next), 'a closed number never names another thing');
});

test('poll.wait comes back with the timers that are ready, in the order of the list', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  const early = await app.open({ function: 'timers.create' });
  const late = await app.open({ function: 'timers.create' });
  await app.call({ function: 'timers.set', handle: late, initialNs: 300n * MS, intervalNs: 0n });
  await app.call({ function: 'timers.set', handle: early, initialNs: 100n * MS, intervalNs: 0n });
  const before = app.frames.length;
  t.is(await app.call({ function: 'poll.wait', handles: [late, early], timeoutNs: undefined }), undefined);
  await time.advance(99n * MS);
  t.is(app.frames.length, before);
  await time.advance(1n * MS);
  t.deepEqual(app.replyAt(before, 'poll.wait'), wake({ kind: 'ready', indexes: [1] }));
  await time.advance(SECOND);
  t.deepEqual(
    await app.call({ function: 'poll.wait', handles: [late, early], timeoutNs: undefined }),
    wake({ kind: 'ready', indexes: [0, 1] }),
  );
  t.is(time.alarms, 0, 'a wait that is over leaves no alarm');
});

test('poll.wait gives up after its timeout, at once for 0', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  t.deepEqual(await app.call({ function: 'poll.wait', handles: [], timeoutNs: 0n }), wake({ kind: 'timed-out' }));
  const before = app.frames.length;
  app.send({ function: 'poll.wait', handles: [], timeoutNs: 5n * MS });
  await time.advance(5n * MS);
  t.deepEqual(app.replyAt(before, 'poll.wait'), wake({ kind: 'timed-out' }));
});

test('terminating wakes the wait under way, or the next one, and is told once', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  app.send({ function: 'poll.wait', handles: [], timeoutNs: undefined });
  await settled();
  app.session.terminate();
  await settled();
  t.deepEqual(app.replyAt(0, 'poll.wait'), wake({ kind: 'terminating' }));
  t.deepEqual(await app.call({ function: 'poll.wait', handles: [], timeoutNs: 0n }), wake({ kind: 'timed-out' }));
  app.session.terminate();
  t.deepEqual(
    await app.call({ function: 'poll.wait', handles: [], timeoutNs: undefined }),
    wake({ kind: 'terminating' }),
  );
  t.is(time.alarms, 0);
});

test('expirations are counted while nobody looks, and a fast timer costs no alarm', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  const handle = await app.open({ function: 'timers.create' });
  await app.call({ function: 'timers.set', handle, initialNs: 1n, intervalNs: 1n });
  t.is(time.alarms, 0);
  await time.advance(SECOND);
  t.deepEqual(await app.call({ function: 'timers.take-expirations', handle }), ok('u64', SECOND));
  t.deepEqual(await app.call({ function: 'timers.take-expirations', handle }), ok('u64', 0n));
  await app.call({ function: 'timers.set', handle, initialNs: 0n, intervalNs: 1n });
  await time.advance(SECOND);
  t.deepEqual(await app.call({ function: 'timers.take-expirations', handle }), ok('u64', 0n), '0 disarms');
});

test('a timer set as late as a u64 goes does not overflow', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  await time.advance(SECOND);
  const handle = await app.open({ function: 'timers.create' });
  const latest = 0xffff_ffff_ffff_ffffn;
  await app.call({ function: 'timers.set', handle, initialNs: latest, intervalNs: latest });
  t.is(await app.call({ function: 'poll.wait', handles: [handle], timeoutNs: latest }), undefined);
});

test('log lines over the rate are dropped and counted in one limit event per window', async (t) => {
  const { broker, audit, time } = brokerBench();
  const app = new AppEnd(broker);
  for (let line = 0; line < LOG_ALLOWANCE.lines + 50; line++) {
    t.deepEqual(
      await app.call({ function: 'log.write', message: `line ${line}` }),
      ok('none'),
      'the app is never told',
    );
  }
  t.is(audit.logs.length, LOG_ALLOWANCE.lines);
  t.deepEqual(audit.limits, []);
  await time.advance(LOG_ALLOWANCE.windowNs);
  t.deepEqual(audit.limits, [{ limit: 'log-lines', used: LOG_ALLOWANCE.lines + 50, allowed: LOG_ALLOWANCE.lines }]);
  await app.call({ function: 'log.write', message: 'in the next window' });
  t.is(audit.logs.at(-1), 'in the next window');
});

test('few but long log lines are bounded by their bytes', async (t) => {
  const { broker, audit, time } = brokerBench();
  const app = new AppEnd(broker);
  for (let line = 0; line < 10; line++) await app.call({ function: 'log.write', message: 'x'.repeat(4000) });
  await time.advance(LOG_ALLOWANCE.windowNs);
  t.is(audit.logs.length, 4);
  t.deepEqual(audit.limits, [{ limit: 'log-bytes', used: 40_000, allowed: LOG_ALLOWANCE.bytes }]);
});

for (const { what, message } of [
  { what: 'ASCII', message: 'a'.repeat(60_000) },
  { what: 'two-byte characters', message: 'é'.repeat(3_000) },
  { what: 'surrogate pairs', message: '🔒'.repeat(2_000) },
  { what: 'one unit over', message: 'a'.repeat(LOG_LINE_MAX_BYTES + 1) },
]) {
  test(`a log line of ${what} is cut to its bound, marked, and still whole characters`, (t) => {
    const line = cutLogLine(message);
    const bytes = new TextEncoder().encode(line);
    t.true(bytes.length <= LOG_LINE_MAX_BYTES && bytes.length > LOG_LINE_MAX_BYTES - 16);
    t.true(line.endsWith(CUT_MARK));
    t.true(message.startsWith(line.slice(0, -CUT_MARK.length)));
  });
}

test('a log line at its bound is left as it is', (t) => {
  const message = 'é'.repeat(LOG_LINE_MAX_BYTES / 2);
  t.is(cutLogLine(message), message);
});

test('when the app is gone its pins are free and nothing is touched: the monitor has let them float', async (t) => {
  const { broker, pins, time } = brokerBench();
  const app = new AppEnd(broker, { context: 1, pins: [9] });
  await app.open({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 });
  app.send({ function: 'poll.wait', handles: [], timeoutNs: SECOND });
  await settled();
  await app.session.ended();
  t.false(pins.accesses.some((access) => access.startsWith('close')));
  t.is(time.alarms, 0);
  const next = new AppEnd(broker, { context: 2, pins: [9] });
  t.true((await next.call({ function: 'gpio.open-input', pin: 9 }))?.ok);
  t.is(app.frames.length, 1, 'nothing is sent after the end');
});

test('an app that is cut off while it still runs loses its pins through the driver', async (t) => {
  const { broker, pins } = brokerBench();
  const app = new AppEnd(broker, { context: 1, pins: [9] });
  await app.open({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 });
  app.session.receive(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await settled();
  t.is(pins.accesses.at(-1), 'close 1:9');
  t.deepEqual(
    app.cutOffs.map(({ code }) => code),
    ['protocol-error'],
  );
});

test('an end waits for the access that is under way before the pin has a next owner', async (t) => {
  const { broker, pins } = brokerBench();
  const app = new AppEnd(broker, { context: 1, pins: [9] });
  const { promise, resolve } = Promise.withResolvers<void>();
  pins.hold = promise;
  app.send({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 });
  let isOver = false;
  const ended = app.session.ended().then(() => (isOver = true));
  await settled();
  t.false(isOver);
  pins.hold = undefined;
  const next = new AppEnd(broker, { context: 1, pins: [9] });
  t.deepEqual(await next.call({ function: 'gpio.open-input', pin: 9 }), refused('busy'));
  resolve();
  await ended;
  t.true((await next.call({ function: 'gpio.open-input', pin: 9 }))?.ok);
});

test('a pin that was being opened for an app that is cut off meanwhile is let go by the driver, and free', async (t) => {
  const { broker, pins } = brokerBench();
  const app = new AppEnd(broker, { context: 1, pins: [9] });
  const { promise, resolve } = Promise.withResolvers<void>();
  pins.hold = promise;
  app.send({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 });
  app.session.receive(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  resolve();
  await settled();
  const closes = pins.accesses.filter((access) => access.startsWith('close'));
  t.deepEqual([pins.accesses.at(-1), closes.length], ['close 1:9', 1]);
  t.is(app.frames.length, 0, 'the app hears of no handle');
});

test('an app that does not take its replies is cut off', async (t) => {
  const { broker } = brokerBench();
  const app = new AppEnd(broker);
  app.takesReplies = false;
  await app.call({ function: 'timers.now' });
  t.deepEqual(
    app.cutOffs.map(({ code }) => code),
    ['reply-not-taken'],
  );
});

test('a service that breaks its promise ends the app, not the broker', async (t) => {
  const { broker, pins } = brokerBench();
  const app = new AppEnd(broker, { pins: [9] });
  pins.openInput = () => Promise.reject(new TypeError('a bug'));
  const reply: AppReply | undefined = await app.call({ function: 'gpio.open-input', pin: 9 });
  t.is(reply, undefined);
  t.deepEqual(
    app.cutOffs.map(({ code }) => code),
    ['service-fault'],
  );
  const other = new AppEnd(broker, { context: 2 });
  t.true((await other.call({ function: 'timers.now' }))?.ok);
});
