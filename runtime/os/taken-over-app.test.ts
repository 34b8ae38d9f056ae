// Well-formed calls of every function in any order and with any arguments, from a compartment that somebody took over, against the real
// storage, network and radio link: the app gets an answer to each, and the device loses nothing.

import test from 'ava';
import fc from 'fast-check';
import { duplexPair } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { grantsOf } from '../../contracts/core/grants.ts';
import type { AppRequest } from '../../contracts/wire/app-call.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';
import { ScriptedMonitor } from '../../test/support/scripted-monitor.ts';
import { VirtualTime } from '../../test/support/virtual-time.ts';
import { OsRadio } from '../adapters/os-radio.ts';
import type { Uplink } from '../hil/uplink.ts';
import type { SecureRequest } from '../monitor/abi/codec.ts';
import { AccessPoint } from '../world/access-point.ts';
import { AppNetwork } from './network/app-network.ts';
import type { RequestOf } from './secure-calls.ts';
import { AppStorage } from './storage/app-storage.ts';

const PORT = 8080;
const NAME = 'api.example';
const GRANTED = { hosts: [NAME, '10.0.0.1'], tcpServerPorts: [PORT], udpServerPorts: [PORT] };

/** An outside that is there, says something, and takes everything. */
const OUTSIDE: Uplink = {
  connect(_host, port, events) {
    queueMicrotask(() => (port % 2 === 0 ? events.connected() : events.closed('refused')));
    if (port % 2 === 0) setImmediate(() => events.bytes(new Uint8Array(9)));
    return {
      write: (_bytes, written) => void queueMicrotask(written),
      end: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      destroy: () => undefined,
    };
  },
  listen(port, events) {
    queueMicrotask(() => events.listening(port));
    return { destroy: () => undefined };
  },
  bind(port, events) {
    queueMicrotask(() => events.bound(port));
    return {
      send(address, to, bytes, sent) {
        queueMicrotask(sent);
        setImmediate(() => events.datagram(address, to, bytes));
      },
      destroy: () => undefined,
    };
  },
  lookup(name, found) {
    queueMicrotask(() => found(name === NAME ? [Uint8Array.of(10, 0, 0, 2), Uint8Array.of(127, 0, 0, 1)] : []));
    return () => undefined;
  },
};

class KeepingMonitor extends ScriptedMonitor {
  #kept: Uint8Array = new Uint8Array(0);

  override async call(request: RequestOf<never> & SecureRequest): Promise<never> {
    return this.#keep(request) as never;
  }

  #keep(request: SecureRequest): unknown {
    if (request.call === 'readStorage') return this.#kept.slice(request.offset, request.offset + request.length);
    if (request.call === 'writeStorage')
      this.#kept = request.offset === 0 ? request.bytes : concatBytes(this.#kept, request.bytes);
    return undefined;
  }
}

const handle = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 12 }), weight: 9 }, fc.constantFrom(0, 0xffff_ffff));
const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.oneof(fc.nat(100), fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff));
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.constantFrom(1n << 63n, (1n << 64n) - 1n));
const port = fc.oneof({ arbitrary: fc.constantFrom(PORT, PORT, 0, 1, 65_535), weight: 3 }, fc.nat(65_535));
const address = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '127.0.0.1',
  '0.0.0.0',
  '::',
  '::1',
  'ff02::1',
  '64:ff9b::a00:1',
);
const name = fc.constantFrom(
  NAME,
  'API.Example',
  'api.example.',
  'api.exampl\u212a',
  '',
  '.',
  '10.0.0.1',
  'x'.repeat(253),
);
const path = fc.constantFrom(
  '',
  'a',
  'b',
  'a/b',
  'b/a',
  '..',
  'a/../b',
  '/',
  'a//b',
  '\0',
  '\ufeffa',
  'é'.repeat(64),
  'd/'.repeat(8) + 'e',
);
const kind = fc.constantFrom('file' as const, 'directory' as const);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 9 }),
  fc.constantFrom(8192, 8193, 32_768).map((length) => new Uint8Array(length)),
);
const direction = fc.constantFrom('receive' as const, 'send' as const);
const part = fc.oneof(fc.nat(40), fc.constant(32_768));

type Fields<Of extends AppRequest> = { [Field in keyof Omit<Of, 'function'>]: fc.Arbitrary<Of[Field]> };
type Calls = { readonly [Name in AppRequest['function']]: Fields<Extract<AppRequest, { function: Name }>> };
/** The type says so when a function is missing. */
const CALLS: Calls = {
  'gpio.open-input': { pin: u32 },
  'gpio.open-output': { pin: u32, mode: u8, level: u8 },
  'gpio.get': { handle },
  'gpio.set': { handle, level: u8 },
  'poll.wait': { handles: fc.array(handle, { maxLength: 64 }), timeoutNs: fc.constant(0n) },
  'timers.now': {},
  'timers.create': {},
  'timers.set': { handle, initialNs: u64, intervalNs: u64 },
  'timers.take-expirations': { handle },
  'log.write': { message: fc.constantFrom('', '\u001b[2J', '\0', 'x'.repeat(60_000)) },
  'handle.close': { handle },
  'usage.tell': { memoryBytes: u32, tableEntries: u32 },
  'storage.stat': { path },
  'storage.list': { path },
  'storage.read': { path, offset: u32, length: part },
  'storage.create': { path, kind },
  'storage.write': { path, offset: u32, bytes },
  'storage.resize': { path, size: u32 },
  'storage.rename': { path, to: path },
  'storage.remove': { path, kind },
  'storage.sync': {},
  'clock.now': {},
  'random.bytes': { count: part },
  'tcp.connect': { address, port },
  'tcp.listen': { port },
  'tcp.ready': { handle },
  'tcp.accept': { handle },
  'tcp.room': { handle },
  'tcp.send': { handle, bytes },
  'tcp.receive': { handle, maxBytes: part },
  'tcp.shutdown': { handle, direction },
  'tcp.watch': { handle, direction },
  'udp.bind': { port },
  'udp.ready': { handle },
  'udp.send': { handle, address, port, bytes: bytes.map((given) => given.subarray(0, 8192)) },
  'udp.receive': { handle },
  'udp.watch': { handle, direction },
  'names.resolve': { name },
  'names.addresses': { handle },
};
const callOf = (called: AppRequest['function']): fc.Arbitrary<unknown> => {
  const fields: Readonly<Record<string, fc.Arbitrary<unknown>>> = CALLS[called];
  return fc.record({ function: fc.constant(called), ...fields });
};
const anyCall = fc.oneof(...(Object.keys(CALLS) as AppRequest['function'][]).map(callOf)) as fc.Arbitrary<AppRequest>;

/** So that most of what comes after them meets something that is there: handles 1 to 9. */
const OPENINGS: readonly AppRequest[] = [
  { function: 'timers.create' },
  { function: 'names.resolve', name: NAME },
  { function: 'names.addresses', handle: 2 },
  { function: 'tcp.connect', address: '10.0.0.1', port: PORT },
  { function: 'tcp.connect', address: '10.0.0.2', port: 1 },
  { function: 'tcp.listen', port: PORT },
  { function: 'udp.bind', port: PORT },
  { function: 'udp.bind', port: 0 },
  { function: 'gpio.open-output', pin: 9, mode: 0, level: 0 },
  { function: 'tcp.watch', handle: 3, direction: 'send' },
  { function: 'storage.create', path: 'a', kind: 'file' },
  { function: 'storage.create', path: 'b', kind: 'directory' },
];

function device() {
  const [deviceEnd, airEnd] = duplexPair();
  const time = new VirtualTime();
  const accessPoint = new AccessPoint({ uplink: OUTSIDE, clock: time, tell: () => undefined });
  let hangUps = 0;
  const session = accessPoint.connected({ send: (sent) => void airEnd.write(sent), hangUp: () => void hangUps++ });
  airEnd.on('data', (chunk: Buffer) => session.receive(new Uint8Array(chunk)));
  const network = new AppNetwork(new OsRadio(deviceEnd));
  const reports: unknown[] = [];
  const storage = new AppStorage({ monitor: new KeepingMonitor(), time, report: (error) => reports.push(error) });
  const bench = brokerBench({ network, storage });
  const close = (): void => {
    deviceEnd.destroy();
    session.over();
  };
  return { ...bench, network, reports, close, hangUps: () => hangUps };
}

test('whatever calls a taken-over app makes, each is answered, no service fails, and nothing of it is left', async (t) => {
  const law = fc.asyncProperty(fc.array(anyCall, { minLength: 20, maxLength: 60, size: 'max' }), async (calls) => {
    const { broker, network, reports, close, hangUps } = device();
    const app = new AppEnd(broker, { pins: [9], storageBytes: 40_000, ...GRANTED });
    network.admit(1, grantsOf({ memoryBytes: 65536, ...GRANTED }), () => undefined, app.session.budget.buffers);
    for (const call of [...OPENINGS, ...calls]) {
      const before = app.frames.length;
      app.send(call);
      for (let round = 0; round < 40 && app.frames.length === before; round += 1) await nextRound();
      t.deepEqual(app.cutOffs, [], JSON.stringify(call.function));
      t.is(app.frames.length, before + 1, call.function);
    }
    const { buffers, handles } = app.session.budget;
    t.true(buffers.used >= 0 && buffers.used <= buffers.limit);
    await app.session.ended();
    network.dismiss(1);
    network.admit(1, grantsOf({ memoryBytes: 65536 }), () => undefined);
    for (let round = 0; round < 5; round += 1) await nextRound();
    t.is(handles.used, 0);
    t.is(buffers.used, 0, 'every byte that was kept for it is given back');
    t.is(hangUps(), 0, 'the radio goes on');
    t.deepEqual(reports, []);
    close();
  });
  await t.notThrowsAsync(fc.assert(law, { numRuns: 200 }));
});
