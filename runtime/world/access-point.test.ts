// The access point between a device's radio and the outside: what it passes on, what it holds back, and what a hostile device gets.

import test from 'ava';
import fc from 'fast-check';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { concatBytes } from '../../contracts/core/bytes.ts';
import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  RADIO_CALLERS_MAX,
  RADIO_DATAGRAM_COST_BYTES,
  RADIO_DATAGRAM_MAX_BYTES,
  RADIO_FRAME_MAX_BYTES,
  RADIO_STREAMS_MAX,
  RADIO_WINDOW_BYTES,
} from '../../contracts/wire/radio-link.ts';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { MS, VirtualTime } from '../../test/support/virtual-time.ts';
import { AccessPoint } from './access-point.ts';
import { LED_PEERS_MAX } from './air-datagrams.ts';
import type { UplinkDatagramEvents, UplinkEvents, UplinkListenEvents } from '../hil/uplink.ts';

/** One connection that the access point opened, as the outside sees it. */
class Outside {
  readonly written: Uint8Array[] = [];
  readonly taken: (() => void)[] = [];
  readonly log: string[] = [];
  readonly address: string;
  readonly events: UplinkEvents;

  constructor(address: string, events: UplinkEvents) {
    this.address = address;
    this.events = events;
  }
  write(bytes: Uint8Array, written: () => void): void {
    this.written.push(bytes);
    this.taken.push(written);
  }
  end = () => void this.log.push('end');
  pause = () => void this.log.push('pause');
  resume = () => void this.log.push('resume');
  destroy = () => void this.log.push('destroy');
}

/** Somebody outside who has connected. */
class Caller {
  readonly address = '10.0.0.7';
  readonly port = 4711;
  isRefused = false;
  outside: Outside | undefined;
  refuse = () => void (this.isRefused = true);
  accept(events: UplinkEvents): Outside {
    this.outside = new Outside('caller', events);
    return this.outside;
  }
}

function bench() {
  const time = new VirtualTime();
  const told: WorldEvent[] = [];
  const outsides: Outside[] = [];
  const listeners: { readonly port: number; readonly events: UplinkListenEvents }[] = [];
  const binds: { readonly port: number; readonly events: UplinkDatagramEvents }[] = [];
  const datagrams: { address: string; port: number; bytes: Uint8Array; sent: () => void }[] = [];
  const lookups: { readonly name: string; readonly found: (addresses: readonly Uint8Array[]) => void }[] = [];
  const gone: string[] = [];
  const uplink = {
    connect: (host: string, port: number, events: UplinkEvents) => {
      const outside = new Outside(`${host} ${port}`, events);
      outsides.push(outside);
      return outside;
    },
    listen: (port: number, events: UplinkListenEvents) => {
      listeners.push({ port, events });
      return { destroy: () => void gone.push(`listener ${port}`) };
    },
    bind: (port: number, events: UplinkDatagramEvents) => {
      binds.push({ port, events });
      return {
        send: (address: string, to: number, bytes: Uint8Array, sent: () => void) => {
          datagrams.push({ address, port: to, bytes, sent });
        },
        destroy: () => void gone.push(`datagrams ${port}`),
      };
    },
    lookup: (name: string, found: (addresses: readonly Uint8Array[]) => void) => {
      lookups.push({ name, found });
      return () => void gone.push(`lookup ${name}`);
    },
  };
  const accessPoint = new AccessPoint({ uplink, clock: time, tell: (event) => told.push(event) });
  const heard: RadioFrame[] = [];
  const frames = new FrameStream(RADIO_FRAME_MAX_BYTES);
  let isCutOff = false;
  const session = accessPoint.connected({
    send: (bytes) => heard.push(...frames.push(bytes).map(decodeRadioFrame)),
    hangUp: () => (isCutOff = true),
  });
  const say = (...said: RadioFrame[]) => session.receive(concatBytes(...said.map(encodeRadioFrame)));
  const open = (stream: number) => {
    say({ kind: 'open', stream, host: 'service.example', port: 443 });
    const outside = outsides.at(-1) ?? new Outside('none', {} as UplinkEvents);
    outside.events.connected();
    return outside;
  };
  const outside = { outsides, listeners, binds, datagrams, lookups, gone };
  return { time, told, ...outside, accessPoint, heard, session, say, open, isCutOff: () => isCutOff };
}

const dataOf = (heard: readonly RadioFrame[]) =>
  heard.flatMap((frame) => (frame.kind === 'data' ? [frame.bytes.length] : []));
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

test('a stream is a connection: bytes both ways, an end each, then it is gone', (t) => {
  const { heard, say, open } = bench();
  const outside = open(1);
  t.is(outside.address, 'service.example 443');
  say({ kind: 'data', stream: 1, bytes: Uint8Array.of(1, 2) }, { kind: 'end', stream: 1 });
  outside.taken[0]?.();
  outside.events.bytes(Uint8Array.of(3));
  outside.events.ended();
  outside.events.closed('finished');
  t.deepEqual(outside.written, [Uint8Array.of(1, 2)]);
  t.true(outside.log.includes('end'));
  t.deepEqual(heard, [
    { kind: 'opened', stream: 1 },
    { kind: 'credit', stream: 1, bytes: 2 },
    { kind: 'data', stream: 1, bytes: Uint8Array.of(3) },
    { kind: 'end', stream: 1 },
    { kind: 'closed', stream: 1, how: 'finished' },
  ]);
});

for (const [how, why] of [
  ['unknown', 'hostUnknown'],
  ['unreachable', 'hostUnreachable'],
  ['refused', 'connectionRefused'],
] as const) {
  test(`a host that is ${how} is refused as ${why}`, (t) => {
    const { heard, say, outsides } = bench();
    say({ kind: 'open', stream: 1, host: 'nowhere.example', port: 1 });
    outsides[0]?.events.closed(how);
    t.deepEqual(heard, [{ kind: 'refused', stream: 1, why }]);
  });
}

test('a device that takes nothing gets one window, the outside waits, and another stream is not held up', (t) => {
  const { heard, say, open } = bench();
  const slow = open(1);
  slow.events.bytes(new Uint8Array(RADIO_WINDOW_BYTES + 10));
  t.is(sum(dataOf(heard)), RADIO_WINDOW_BYTES);
  t.is(slow.log.at(-1), 'pause');
  open(2).events.bytes(Uint8Array.of(7));
  t.deepEqual(heard.at(-1), { kind: 'data', stream: 2, bytes: Uint8Array.of(7) });
  say({ kind: 'credit', stream: 1, bytes: 9 });
  t.is(sum(dataOf(heard)), RADIO_WINDOW_BYTES + 1 + 9);
  // The last byte comes before the news that the connection is gone.
  slow.events.closed('lost');
  t.false(heard.some(({ kind }) => kind === 'closed'));
  say({ kind: 'credit', stream: 1, bytes: 9 });
  t.deepEqual(heard.slice(-2), [
    { kind: 'data', stream: 1, bytes: Uint8Array.of(0) },
    { kind: 'closed', stream: 1, how: 'lost' },
  ]);
});

test('off drops what is open and refuses what is asked for; on again, all is well', (t) => {
  const { accessPoint, heard, say, open, told } = bench();
  const outside = open(1);
  say({ kind: 'open', stream: 2, host: 'slow.example', port: 443 });
  accessPoint.obey({ do: 'radio', power: 'off' });
  t.is(outside.log.at(-1), 'destroy');
  say({ kind: 'open', stream: 3, host: 'service.example', port: 443 });
  t.deepEqual(heard.slice(1), [
    { kind: 'closed', stream: 1, how: 'lost' },
    { kind: 'refused', stream: 2, why: 'radioOff' },
    { kind: 'refused', stream: 3, why: 'radioOff' },
  ]);
  accessPoint.obey({ do: 'radio', power: 'on' });
  open(4);
  t.deepEqual(heard.at(-1), { kind: 'opened', stream: 4 });
  t.deepEqual(
    told.map((event) => (event.kind === 'radio' ? event.power : event.kind)),
    ['off', 'on'],
  );
});

test('a cut strikes the first connection from then on that gets so many bytes, after exactly those, and no other', (t) => {
  const { accessPoint, heard, open, told } = bench();
  const before = open(1);
  accessPoint.obey({ do: 'radio-cut', afterBytes: 10 });
  before.events.bytes(new Uint8Array(50));
  open(2).events.bytes(new Uint8Array(9));
  const struck = open(3);
  struck.events.bytes(new Uint8Array(6));
  struck.events.bytes(new Uint8Array(6));
  t.is(struck.log.at(-1), 'destroy');
  t.deepEqual(dataOf(heard), [50, 9, 6, 4]);
  t.deepEqual(heard.at(-1), { kind: 'closed', stream: 3, how: 'lost' });
  t.like(told.at(-1), { kind: 'radio', cutAfterBytes: null });
  open(4).events.bytes(new Uint8Array(100));
  t.is(dataOf(heard).at(-1), 100);
});

test('a delay holds back what comes from outside, in its order, also when it gets shorter', async (t) => {
  const { accessPoint, heard, open, time } = bench();
  const outside = open(1);
  accessPoint.obey({ do: 'radio-delay', delayMs: 100 });
  outside.events.bytes(Uint8Array.of(1));
  accessPoint.obey({ do: 'radio-delay', delayMs: 0 });
  outside.events.bytes(Uint8Array.of(2));
  outside.events.closed('lost');
  await time.advance(99n * MS);
  t.is(heard.length, 1);
  await time.advance(1n * MS);
  t.deepEqual(
    heard.slice(1).map((frame) => (frame.kind === 'data' ? frame.bytes[0] : frame.kind)),
    [1, 2, 'closed'],
  );
});

test('a link that is gone takes its connections with it, and what was delayed', async (t) => {
  const { accessPoint, heard, open, session, time } = bench();
  const outside = open(1);
  accessPoint.obey({ do: 'radio-delay', delayMs: 5 });
  outside.events.bytes(Uint8Array.of(1));
  session.over();
  t.is(outside.log.at(-1), 'destroy');
  outside.events.bytes(Uint8Array.of(2));
  outside.events.closed('finished');
  await time.advance(10n * MS);
  t.is(heard.length, 1);
  t.is(time.alarms, 0);
});

test('a stream that the device closed is not talked about any more, and its delayed frames are gone', async (t) => {
  const { accessPoint, heard, open, say, time, outsides } = bench();
  accessPoint.obey({ do: 'radio-delay', delayMs: 5 });
  for (let stream = 1; stream <= 3 * RADIO_STREAMS_MAX; stream++) {
    open(stream).events.bytes(new Uint8Array(1000));
    say({ kind: 'closed', stream, how: 'finished' });
  }
  await time.advance(10n * MS);
  t.deepEqual(heard, []);
  t.true(outsides.every(({ log }) => log.at(-1) === 'destroy'));
});

const A: RadioFrame = { kind: 'open', stream: 1, host: 'a', port: 1 };
const data = (stream: number, length: number): RadioFrame => ({ kind: 'data', stream, bytes: new Uint8Array(length) });
const full: readonly RadioFrame[] = [1, 2, 3, 4].map(() => data(1, RADIO_WINDOW_BYTES / 4));
const HOSTILE: readonly (readonly [why: string, connects: boolean, said: readonly RadioFrame[]])[] = [
  ['data on a stream that was never opened', true, [data(1, 1)]],
  ['a number a second time', true, [A, A]],
  ['a number below the last', true, [{ ...A, stream: 5 }, A]],
  ['data before the stream is open', false, [A, data(1, 1)]],
  ['data after the end', true, [A, { kind: 'end', stream: 1 }, data(1, 1)]],
  ['an end twice', true, [A, { kind: 'end', stream: 1 }, { kind: 'end', stream: 1 }]],
  ['more data than the window', true, [A, ...full, data(1, 1)]],
  ['credit for what was never sent', true, [A, { kind: 'credit', stream: 1, bytes: 1 }]],
  ['a frame that only an access point sends', true, [A, { kind: 'opened', stream: 1 }]],
  [
    'one stream too many',
    true,
    Array.from({ length: RADIO_STREAMS_MAX + 1 }, (_, index) => ({ ...A, stream: index + 1 })),
  ],
];
for (const [why, connects, said] of HOSTILE) {
  test(`a device that sends ${why} loses its link and every connection`, (t) => {
    const { isCutOff, outsides, say } = bench();
    for (const frame of said) {
      t.false(isCutOff());
      say(frame);
      if (connects && frame.kind === 'open') outsides.at(-1)?.events.connected();
    }
    t.true(isCutOff());
    t.true(outsides.every(({ log }) => log.at(-1) === 'destroy'));
  });
}

test('refusals that were not delivered yet count as streams: a device cannot pile them up', (t) => {
  const { accessPoint, isCutOff, say } = bench();
  accessPoint.obey({ do: 'radio', power: 'off' });
  accessPoint.obey({ do: 'radio-delay', delayMs: 1000 });
  for (let stream = 1; stream <= RADIO_STREAMS_MAX; stream++) say({ ...A, stream });
  t.false(isCutOff());
  say({ ...A, stream: RADIO_STREAMS_MAX + 1 });
  t.true(isCutOff());
});

test('whatever a device sends, the access point cuts it off or goes on, and never throws', (t) => {
  const stream = fc.integer({ min: 1, max: 4 });
  const frame: fc.Arbitrary<RadioFrame> = fc.oneof(
    fc.record({ kind: fc.constant('open' as const), stream, host: fc.constant('a'), port: fc.constant(1) }),
    fc.record({ kind: fc.constantFrom('end' as const, 'opened' as const), stream }),
    fc.record({ kind: fc.constant('closed' as const), stream, how: fc.constant('lost' as const) }),
    fc.record({ kind: fc.constant('credit' as const), stream, bytes: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('data' as const), stream, bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }) }),
    fc.record({ kind: fc.constantFrom('listen' as const, 'bind' as const), stream, port: fc.constant(1) }),
    fc.record({ kind: fc.constant('accept' as const), stream, listener: stream }),
    fc.record({ kind: fc.constant('lookup' as const), stream, name: fc.constant('a') }),
    fc.record({
      kind: fc.constant('datagram' as const),
      stream,
      address: fc.constant('10.0.0.1'),
      port: fc.constant(1),
      bytes: fc.uint8Array({ maxLength: 9 }),
    }),
  );
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(frame, { maxLength: 6 }).map((frames) => concatBytes(...frames.map(encodeRadioFrame))),
  );
  const law = fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
    const { session, outsides, listeners, binds, datagrams, lookups } = bench();
    for (const bytes of chunks) {
      session.receive(bytes);
      outsides.at(-1)?.events.connected();
      outsides.at(-1)?.events.bytes(Uint8Array.of(1));
      listeners.at(-1)?.events.listening(8000);
      listeners.at(-1)?.events.caller(new Caller());
      binds.at(-1)?.events.bound(8000);
      binds.at(-1)?.events.datagram('10.0.0.1', 1, Uint8Array.of(1));
      datagrams.pop()?.sent();
      lookups.pop()?.found([Uint8Array.of(10, 0, 0, 1)]);
    }
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});

test('a listening port lets its callers in one by one, and each is a stream like any other', (t) => {
  const { heard, say, listeners } = bench();
  say({ kind: 'listen', stream: 1, port: 8080 });
  const [listener] = listeners;
  listener?.events.listening(40_000);
  const caller = new Caller();
  listener?.events.caller(caller);
  say({ kind: 'accept', stream: 2, listener: 1 });
  caller.outside?.events.bytes(Uint8Array.of(5));
  say({ kind: 'accept', stream: 3, listener: 1 });
  t.deepEqual(heard, [
    { kind: 'listening', stream: 1, hostPort: 40_000 },
    { kind: 'caller', stream: 1, address: '10.0.0.7', port: 4711 },
    { kind: 'opened', stream: 2 },
    { kind: 'data', stream: 2, bytes: Uint8Array.of(5) },
    { kind: 'refused', stream: 3, why: 'hostUnreachable' },
  ]);
});

test('callers beyond the bound are not let in, and the others go with their listener', (t) => {
  const { gone, say, listeners, isCutOff } = bench();
  say({ kind: 'listen', stream: 1, port: 80 });
  listeners[0]?.events.listening(40_000);
  const callers = Array.from({ length: RADIO_CALLERS_MAX + 1 }, () => new Caller());
  for (const caller of callers) listeners[0]?.events.caller(caller);
  t.deepEqual(
    callers.map(({ isRefused }) => isRefused),
    callers.map((_, index) => index === RADIO_CALLERS_MAX),
  );
  say({ kind: 'closed', stream: 1, how: 'finished' });
  t.true(callers.every(({ isRefused }) => isRefused));
  t.deepEqual(gone, ['listener 80']);
  t.false(isCutOff());
});

test('a port that cannot be opened is refused as taken; off takes an open one away', (t) => {
  const { accessPoint, heard, say, listeners, binds } = bench();
  say({ kind: 'listen', stream: 1, port: 80 }, { kind: 'bind', stream: 2, port: 80 });
  listeners[0]?.events.closed();
  binds[0]?.events.closed();
  say({ kind: 'listen', stream: 3, port: 81 }, { kind: 'bind', stream: 4, port: 81 });
  listeners[1]?.events.listening(81);
  accessPoint.obey({ do: 'radio', power: 'off' });
  t.deepEqual(heard, [
    { kind: 'refused', stream: 1, why: 'portTaken' },
    { kind: 'refused', stream: 2, why: 'portTaken' },
    { kind: 'listening', stream: 3, hostPort: 81 },
    { kind: 'closed', stream: 3, how: 'lost' },
    { kind: 'refused', stream: 4, why: 'radioOff' },
  ]);
});

test('datagrams go both ways, and those without credit are lost while the next ones come', (t) => {
  const { datagrams, heard, say, binds } = bench();
  say({ kind: 'bind', stream: 1, port: 0 });
  binds[0]?.events.bound(0);
  say({ kind: 'datagram', stream: 1, address: '10.0.0.1', port: 53, bytes: Uint8Array.of(1, 2) });
  t.like(datagrams[0], { address: '10.0.0.1', port: 53 });
  datagrams[0]?.sent();
  t.deepEqual(heard.at(-1), { kind: 'credit', stream: 1, bytes: 2 + RADIO_DATAGRAM_COST_BYTES });
  const cost = RADIO_DATAGRAM_MAX_BYTES + RADIO_DATAGRAM_COST_BYTES;
  const fitting = Math.floor(RADIO_WINDOW_BYTES / cost);
  for (let sent = 0; sent < fitting + 3; sent++)
    binds[0]?.events.datagram('10.0.0.1', 53, new Uint8Array(RADIO_DATAGRAM_MAX_BYTES));
  binds[0]?.events.datagram('10.0.0.1', 53, new Uint8Array(RADIO_DATAGRAM_MAX_BYTES + 1));
  t.is(heard.filter(({ kind }) => kind === 'datagram').length, fitting);
  say({ kind: 'credit', stream: 1, bytes: cost });
  binds[0]?.events.datagram('10.0.0.2', 7, Uint8Array.of(9));
  t.deepEqual(heard.at(-1), { kind: 'datagram', stream: 1, address: '10.0.0.2', port: 7, bytes: Uint8Array.of(9) });
});

test('a device that sends datagrams beyond its credit is cut off', (t) => {
  const { say, binds, isCutOff } = bench();
  say({ kind: 'bind', stream: 1, port: 0 });
  binds[0]?.events.bound(0);
  const bytes = new Uint8Array(RADIO_DATAGRAM_MAX_BYTES);
  for (let sent = 0; sent < 8; sent++) say({ kind: 'datagram', stream: 1, address: '10.0.0.1', port: 53, bytes });
  t.true(isCutOff());
});

test('a name is asked for once: addresses, none, or the radio is off; a device that gives up hears nothing', async (t) => {
  const { accessPoint, gone, heard, say, lookups, time } = bench();
  const address = Uint8Array.of(10, 0, 0, 1);
  for (const stream of [1, 2, 3]) say({ kind: 'lookup', stream, name: `host-${stream}.example` });
  lookups[0]?.found([address]);
  lookups[1]?.found([]);
  say({ kind: 'closed', stream: 3, how: 'lost' });
  lookups[2]?.found([address]);
  accessPoint.obey({ do: 'radio-delay', delayMs: 10 });
  say({ kind: 'lookup', stream: 4, name: 'host-4.example' });
  lookups[3]?.found([address]);
  say({ kind: 'lookup', stream: 5, name: 'host-5.example' });
  accessPoint.obey({ do: 'radio', power: 'off' });
  t.is(heard.length, 2);
  await time.advance(10n * MS);
  t.deepEqual(heard, [
    { kind: 'addresses', stream: 1, addresses: [address] },
    { kind: 'refused', stream: 2, why: 'hostUnknown' },
    { kind: 'addresses', stream: 4, addresses: [address] },
    { kind: 'refused', stream: 5, why: 'radioOff' },
  ]);
  t.true(gone.includes('lookup host-3.example'));
});

test('a name of the bench has an address of the bench, and what goes there ends where the bench says', (t) => {
  const { accessPoint, datagrams, heard, say, outsides, lookups, binds, told } = bench();
  accessPoint.obey({ do: 'radio-host', name: 'API.example', address: '127.0.0.1', port: 4000 });
  t.like(told.at(-1), { hosts: ['api.example'] });
  say({ kind: 'lookup', stream: 1, name: 'api.EXAMPLE' });
  t.deepEqual(heard.at(-1), { kind: 'addresses', stream: 1, addresses: [Uint8Array.of(198, 18, 0, 1)] });
  say({ kind: 'open', stream: 2, host: '198.18.0.1', port: 80 }, { kind: 'bind', stream: 3, port: 0 });
  t.is(outsides[0]?.address, '127.0.0.1 4000');
  binds[0]?.events.bound(0);
  say({ kind: 'datagram', stream: 3, address: '198.18.0.1', port: 53, bytes: Uint8Array.of(1) });
  t.like(datagrams[0], { address: '127.0.0.1', port: 4000 });
  binds[0]?.events.datagram('127.0.0.1', 4000, Uint8Array.of(2));
  t.like(heard.at(-1), { kind: 'datagram', address: '198.18.0.1', port: 53 });
  accessPoint.obey({ do: 'radio-host', name: 'api.example', address: null, port: null });
  say({ kind: 'lookup', stream: 4, name: 'api.example' });
  t.is(lookups.length, 1);
});

test('a device that sends to every port of a name of the bench makes the access point remember the newest of them alone', (t) => {
  const { accessPoint, datagrams, heard, say, binds } = bench();
  accessPoint.obey({ do: 'radio-host', name: 'api.example', address: '127.0.0.1', port: null });
  say({ kind: 'bind', stream: 1, port: 0 });
  binds[0]?.events.bound(0);
  for (let port = 1; port <= LED_PEERS_MAX + 1; port++) {
    say({ kind: 'datagram', stream: 1, address: '198.18.0.1', port, bytes: Uint8Array.of(1) });
    datagrams[port - 1]?.sent();
  }
  const from = (port: number): unknown => {
    binds[0]?.events.datagram('127.0.0.1', port, Uint8Array.of(2));
    return heard.at(-1);
  };
  t.like(from(LED_PEERS_MAX + 1), { address: '198.18.0.1' });
  t.like(from(2), { address: '198.18.0.1' });
  t.like(from(1), { address: '127.0.0.1' });
});
