// Each function of the broker, granted, denied, and with a handle that is none or another's. One table.

import test from 'ava';
import type { AppErrorCode, AppFunction, AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { APP_FUNCTION } from '../../contracts/wire/app-call.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';
import { FUNCTION_RULES } from '../capabilities.ts';

const GRANTED_PIN = 9;
const OTHER_PIN = 10;
const NO_HANDLE = 4711;
const HOST = '10.0.0.1';
const PORT = 8080;
const NETWORK = { hosts: ['api.example', HOST], tcpServerPorts: [PORT], udpServerPorts: [PORT] };

/** How to make the call with the app's own things. */
interface Handles {
  readonly input: number;
  readonly output: number;
  readonly timer: number;
  readonly stream: number;
  readonly listener: number;
  readonly socket: number;
  readonly lookup: number;
}
const NO_HANDLES: Handles = { input: 0, output: 0, timer: 0, stream: 0, listener: 0, socket: 0, lookup: 0 };
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
  { function: 'storage.stat', request: () => ({ function: 'storage.stat', path: 'a' }), result: 'bytes' },
  { function: 'storage.list', request: () => ({ function: 'storage.list', path: '' }), result: 'bytes' },
  {
    function: 'storage.create',
    request: () => ({ function: 'storage.create', path: 'a', kind: 'file' }),
    result: 'none',
  },
  {
    function: 'storage.read',
    request: () => ({ function: 'storage.read', path: 'a', offset: 0, length: 9 }),
    result: 'bytes',
  },
  {
    function: 'storage.write',
    request: () => ({ function: 'storage.write', path: 'a', offset: 0, bytes: new Uint8Array(1) }),
    result: 'none',
  },
  { function: 'storage.resize', request: () => ({ function: 'storage.resize', path: 'a', size: 1 }), result: 'none' },
  { function: 'storage.rename', request: () => ({ function: 'storage.rename', path: 'a', to: 'b' }), result: 'none' },
  {
    function: 'storage.remove',
    request: () => ({ function: 'storage.remove', path: 'a', kind: 'file' }),
    result: 'none',
  },
  { function: 'storage.sync', request: () => ({ function: 'storage.sync' }), result: 'none' },
  { function: 'clock.now', request: () => ({ function: 'clock.now' }), result: 'u64' },
  { function: 'random.bytes', request: () => ({ function: 'random.bytes', count: 8 }), result: 'bytes' },
  {
    function: 'tcp.connect',
    request: () => ({ function: 'tcp.connect', address: HOST, port: 80 }),
    result: 'u32',
  },
  { function: 'tcp.listen', request: () => ({ function: 'tcp.listen', port: PORT }), result: 'u32' },
  {
    function: 'tcp.ready',
    request: ({ stream }) => ({ function: 'tcp.ready', handle: stream }),
    result: 'none',
    wrongHandles: ({ input, socket, lookup }) => [0, NO_HANDLE, input, socket, lookup],
  },
  {
    function: 'tcp.accept',
    request: ({ listener }) => ({ function: 'tcp.accept', handle: listener }),
    result: 'bytes',
    wrongHandles: ({ socket }) => [0, NO_HANDLE, socket],
  },
  {
    function: 'tcp.room',
    request: ({ stream }) => ({ function: 'tcp.room', handle: stream }),
    result: 'u32',
    wrongHandles: ({ listener, socket }) => [0, NO_HANDLE, listener, socket],
  },
  {
    function: 'tcp.send',
    request: ({ stream }) => ({ function: 'tcp.send', handle: stream, bytes: new Uint8Array(3) }),
    result: 'u32',
    wrongHandles: ({ listener, socket }) => [0, NO_HANDLE, listener, socket],
  },
  {
    function: 'tcp.receive',
    request: ({ stream }) => ({ function: 'tcp.receive', handle: stream, maxBytes: 9 }),
    result: 'bytes',
    wrongHandles: ({ listener, socket }) => [0, NO_HANDLE, listener, socket],
  },
  {
    function: 'tcp.shutdown',
    request: ({ stream }) => ({ function: 'tcp.shutdown', handle: stream, direction: 'send' }),
    result: 'none',
    wrongHandles: ({ listener, socket }) => [0, NO_HANDLE, listener, socket],
  },
  {
    function: 'tcp.watch',
    request: ({ stream }) => ({ function: 'tcp.watch', handle: stream, direction: 'receive' }),
    result: 'u32',
    wrongHandles: ({ socket, lookup }) => [0, NO_HANDLE, socket, lookup],
  },
  { function: 'udp.bind', request: () => ({ function: 'udp.bind', port: PORT }), result: 'u32' },
  {
    function: 'udp.ready',
    request: ({ socket }) => ({ function: 'udp.ready', handle: socket }),
    result: 'none',
    wrongHandles: ({ stream, timer }) => [0, NO_HANDLE, stream, timer],
  },
  {
    function: 'udp.send',
    request: ({ socket }) => ({
      function: 'udp.send',
      handle: socket,
      address: HOST,
      port: 9,
      bytes: new Uint8Array(1),
    }),
    result: 'none',
    wrongHandles: ({ stream, timer }) => [0, NO_HANDLE, stream, timer],
  },
  {
    function: 'udp.receive',
    request: ({ socket }) => ({ function: 'udp.receive', handle: socket }),
    result: 'bytes',
    wrongHandles: ({ stream, timer }) => [0, NO_HANDLE, stream, timer],
  },
  {
    function: 'udp.watch',
    request: ({ socket }) => ({ function: 'udp.watch', handle: socket, direction: 'send' }),
    result: 'u32',
    wrongHandles: ({ stream, timer }) => [0, NO_HANDLE, stream, timer],
  },
  {
    function: 'names.resolve',
    request: () => ({ function: 'names.resolve', name: 'api.example' }),
    result: 'u32',
  },
  {
    function: 'names.addresses',
    request: ({ lookup }) => ({ function: 'names.addresses', handle: lookup }),
    result: 'bytes',
    wrongHandles: ({ stream, timer }) => [0, NO_HANDLE, stream, timer],
  },
  {
    function: 'usage.tell',
    request: () => ({ function: 'usage.tell', memoryBytes: 65_536, tableEntries: 2 }),
    result: 'none',
  },
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
  const app = new AppEnd(bench.broker, { pins: [GRANTED_PIN, 20, 21], storageBytes: 1024, ...NETWORK });
  const input = await app.open({ function: 'gpio.open-input', pin: 20 });
  const output = await app.open({ function: 'gpio.open-output', pin: 21, mode: 0, level: 1 });
  const timer = await app.open({ function: 'timers.create' });
  const stream = await app.open({ function: 'tcp.connect', address: HOST, port: 80 });
  const listener = await app.open({ function: 'tcp.listen', port: PORT });
  const socket = await app.open({ function: 'udp.bind', port: PORT });
  const lookup = await app.open({ function: 'names.resolve', name: 'api.example' });
  return { bench, app, handles: { input, output, timer, stream, listener, socket, lookup } };
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
    t.is(app.session.counts().get(row.function)?.denied ?? 0, 0);
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
    const reply = await app.call(
      row?.request({ ...NO_HANDLES, input, output }, OTHER_PIN) ?? { function: 'timers.now' },
    );
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

for (const { function: name, interface: iface, name: witName, denial, capability } of FUNCTION_RULES) {
  if (capability !== 'MutableStorage') continue;
  test(`${name} without the grant answers ${String(denial)}, is audited by the broker and reaches no storage`, async (t) => {
    let calls = 0;
    const refusing = () => {
      calls++;
      return Promise.resolve({ ok: false, error: 'io', layer: 'driver' } as const);
    };
    const bench = brokerBench({ storage: { perform: refusing, release: () => undefined } });
    const app = new AppEnd(bench.broker);
    const row = ROWS.find((candidate) => candidate.function === name);
    const reply = await app.call(row?.request(NO_HANDLES, 0) ?? { function: 'timers.now' });
    t.deepEqual(reply, refused('access-denied'));
    t.like(bench.audit.denials, [{ interface: iface, function: witName, resource: 'storage', layer: 'broker' }]);
    t.is(calls, 0);
  });
}

test('a storage that is full is told to the audit trail once, until a write succeeds again', async (t) => {
  let isFull = true;
  const bench = brokerBench({
    storage: {
      perform: () =>
        Promise.resolve(
          isFull
            ? ({ ok: false, error: 'no-space', layer: 'driver' } as const)
            : ({ ok: true, value: { result: { kind: 'none' }, usedBytes: 7 } } as const),
        ),
      release: () => undefined,
    },
  });
  const app = new AppEnd(bench.broker, { storageBytes: 8 });
  const write: AppRequest = { function: 'storage.write', path: 'a', offset: 0, bytes: new Uint8Array(9) };
  for (let n = 0; n < 3; n++) t.deepEqual(await app.call(write), refused('no-space'));
  t.deepEqual(bench.audit.limits, [{ limit: 'storage', used: 1, allowed: 8 }]);
  isFull = false;
  await app.call(write);
  t.is(app.session.budget.storage.used, 7);
  isFull = true;
  await app.call(write);
  t.is(bench.audit.limits.length, 2);
});

for (const { function: name, interface: iface, name: witName, denial, capability } of FUNCTION_RULES) {
  if (denial === undefined || capability?.startsWith('Allowed') !== true) continue;
  test(`${name} without the grant answers ${denial}, is audited by the broker and reaches no network`, async (t) => {
    let isGranted = true;
    const bench = brokerBench({ grantCheckFor: () => ({ allows: () => isGranted }) });
    const app = new AppEnd(bench.broker);
    const stream = await app.open({ function: 'tcp.connect', address: HOST, port: 80 });
    const listener = await app.open({ function: 'tcp.listen', port: PORT });
    const socket = await app.open({ function: 'udp.bind', port: PORT });
    const lookup = await app.open({ function: 'names.resolve', name: 'api.example' });
    const handles = { ...NO_HANDLES, stream, listener, socket, lookup };
    isGranted = false;
    const calls = bench.network.calls.length;
    const row = ROWS.find((candidate) => candidate.function === name);
    const request = row?.request(handles, 0);
    t.deepEqual(request && (await app.call(request)), refused(denial));
    t.is(bench.network.calls.length, calls);
    t.like(bench.audit.denials[0], { interface: iface, function: witName, layer: 'broker', error: denial });
    t.is(bench.audit.denials.length, 1);
  });
}

test('a denial of the firewall below is audited under its own name, and costs no handle', async (t) => {
  const bench = brokerBench();
  const app = new AppEnd(bench.broker, NETWORK);
  bench.network.answer = { ok: false, error: 'access-denied', layer: 'firewall' };
  const asked: readonly AppRequest[] = [
    { function: 'tcp.connect', address: HOST, port: 80 },
    { function: 'tcp.listen', port: PORT },
    { function: 'udp.bind', port: PORT },
    { function: 'names.resolve', name: 'api.example' },
  ];
  for (const request of asked) t.deepEqual(await app.call(request), refused('access-denied'));
  t.deepEqual(
    bench.audit.denials.map(({ layer }) => layer),
    asked.map(() => 'firewall'),
  );
  t.is(app.session.budget.handles.used, 0);
});
