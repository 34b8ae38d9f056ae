// Each function of the broker, granted, denied, and with a handle that is none or another's. One table.

import test from 'ava';
import type { AppErrorCode, AppFunction, AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { APP_FUNCTION } from '../../contracts/wire/app-call.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';
import { FUNCTION_RULES } from '../capabilities.ts';

const GRANTED_PIN = 9;
const OTHER_PIN = 10;
const NO_HANDLE = 4711;

/** How to make the call with the app's own things. */
interface Handles {
  readonly input: number;
  readonly output: number;
  readonly timer: number;
}
interface Row {
  readonly function: AppFunction;
  readonly request: (handles: Handles, pin: number) => AppRequest;
  /** What a granted call answers. */
  readonly result: AppResult['kind'];
  /** For the same call: handles that are none, or of another kind. */
  readonly wrongHandles?: (handles: Handles) => readonly number[];
}

const ROWS: readonly Row[] = [
  { function: 'gpio.open-input', request: (_, pin) => ({ function: 'gpio.open-input', pin }), result: 'u32' },
  {
    function: 'gpio.open-output',
    request: (_, pin) => ({ function: 'gpio.open-output', pin, mode: 0, level: 1 }),
    result: 'u32',
  },
  {
    function: 'gpio.get',
    request: ({ input }) => ({ function: 'gpio.get', handle: input }),
    result: 'u32',
    wrongHandles: ({ output, timer }) => [0, NO_HANDLE, output, timer],
  },
  {
    function: 'gpio.set',
    request: ({ output }) => ({ function: 'gpio.set', handle: output, level: 0 }),
    result: 'none',
    wrongHandles: ({ input, timer }) => [0, NO_HANDLE, input, timer],
  },
  {
    function: 'poll.wait',
    request: ({ timer }) => ({ function: 'poll.wait', handles: [timer], timeoutNs: 0n }),
    result: 'wake',
    wrongHandles: ({ input, output }) => [0, NO_HANDLE, input, output],
  },
  { function: 'timers.now', request: () => ({ function: 'timers.now' }), result: 'u64' },
  { function: 'timers.create', request: () => ({ function: 'timers.create' }), result: 'u32' },
  {
    function: 'timers.set',
    request: ({ timer }) => ({ function: 'timers.set', handle: timer, initialNs: 1n, intervalNs: 0n }),
    result: 'none',
    wrongHandles: ({ input, output }) => [0, NO_HANDLE, input, output],
  },
  {
    function: 'timers.take-expirations',
    request: ({ timer }) => ({ function: 'timers.take-expirations', handle: timer }),
    result: 'u64',
    wrongHandles: ({ input, output }) => [0, NO_HANDLE, input, output],
  },
  { function: 'log.write', request: () => ({ function: 'log.write', message: 'hello' }), result: 'none' },
  {
    function: 'handle.close',
    request: ({ timer }) => ({ function: 'handle.close', handle: timer }),
    result: 'none',
    wrongHandles: () => [0, NO_HANDLE],
  },
];

async function appWithHandles(): Promise<{
  readonly bench: ReturnType<typeof brokerBench>;
  readonly app: AppEnd;
  readonly handles: Handles;
}> {
  const bench = brokerBench();
  const app = new AppEnd(bench.broker, { pins: [GRANTED_PIN, 20, 21] });
  const input = await app.open({ function: 'gpio.open-input', pin: 20 });
  const output = await app.open({ function: 'gpio.open-output', pin: 21, mode: 0, level: 1 });
  const timer = await app.open({ function: 'timers.create' });
  return { bench, app, handles: { input, output, timer } };
}

const refused = (error: AppErrorCode): AppReply => ({ ok: false, error });
const withHandle = (request: AppRequest, handle: number): AppRequest => {
  if (request.function === 'poll.wait') return { ...request, handles: [handle] };
  return 'handle' in request ? { ...request, handle } : request;
};

test('the table has a row for every function that there is', (t) => {
  t.deepEqual(ROWS.map((row) => row.function).sort(), (Object.keys(APP_FUNCTION) as AppFunction[]).sort());
});

for (const row of ROWS) {
  test(`${row.function} answers its result when it is granted, and the audit trail stays empty`, async (t) => {
    const { bench, app, handles } = await appWithHandles();
    const reply = await app.call(row.request(handles, GRANTED_PIN));
    t.is(reply?.ok === true ? reply.result.kind : reply?.error, row.result);
    t.deepEqual(bench.audit.denials, []);
    t.deepEqual(app.session.counts().get(row.function)?.denied, 0);
  });

  const { wrongHandles } = row;
  if (wrongHandles === undefined) continue;
  test(`${row.function} answers invalid-argument for a handle that is none or of another kind`, async (t) => {
    const { bench, app, handles } = await appWithHandles();
    const accesses = bench.pins.accesses.length;
    for (const handle of wrongHandles(handles)) {
      t.deepEqual(
        await app.call(withHandle(row.request(handles, GRANTED_PIN), handle)),
        refused('invalid-argument'),
        `handle ${handle}`,
      );
    }
    t.is(bench.pins.accesses.length, accesses);
    t.deepEqual(app.cutOffs, []);
  });
}

for (const { function: name, interface: iface, name: witName, denial, capability } of FUNCTION_RULES) {
  if (denial === undefined || capability !== 'Gpio') continue;
  test(`${name} without the grant answers ${denial}, is audited by the broker and reaches no pin`, async (t) => {
    // A handle can only lose its grant through a check that changes its mind: the check is asked on every call.
    const allowed = new Set([GRANTED_PIN, 20, 21]);
    const bench = brokerBench({
      grantCheckFor: () => ({ allows: (_, asked) => asked?.kind !== 'gpio' || allowed.has(asked.pin) }),
    });
    const app = new AppEnd(bench.broker, { pins: [] });
    const input = await app.open({ function: 'gpio.open-input', pin: 20 });
    const output = await app.open({ function: 'gpio.open-output', pin: 21, mode: 0, level: 1 });
    const accesses = bench.pins.accesses.length;
    allowed.clear();
    const row = ROWS.find((candidate) => candidate.function === name);
    const reply = await app.call(row?.request({ input, output, timer: 0 }, OTHER_PIN) ?? { function: 'timers.now' });
    t.deepEqual(reply, refused(denial));
    const pin = { 'gpio.get': 20, 'gpio.set': 21 }[name as string] ?? OTHER_PIN;
    const layer = 'broker' as const;
    t.deepEqual(bench.audit.denials, [
      { app: 'app-1', interface: iface, function: witName, resource: `gpio:${pin}`, error: denial, layer },
    ]);
    t.is(bench.pins.accesses.length, accesses);
    t.is(app.session.counts().get(name)?.denied, 1);
  });
}
