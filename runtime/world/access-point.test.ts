// The access point between a device's radio and the outside: what it passes on, what it holds back, and what a hostile device gets.

import test from 'ava';
import fc from 'fast-check';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { concatBytes } from '../../contracts/core/bytes.ts';
import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  RADIO_FRAME_MAX_BYTES,
  RADIO_STREAMS_MAX,
  RADIO_WINDOW_BYTES,
} from '../../contracts/wire/radio-link.ts';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { MS, VirtualTime } from '../../test/support/virtual-time.ts';
import { AccessPoint } from './access-point.ts';
import type { UplinkEvents } from '../hil/uplink.ts';

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

function bench() {
  const time = new VirtualTime();
  const told: WorldEvent[] = [];
  const outsides: Outside[] = [];
  const uplink = {
    connect: (host: string, port: number, events: UplinkEvents) => {
      const outside = new Outside(`${host} ${port}`, events);
      outsides.push(outside);
      return outside;
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
  return { time, told, outsides, accessPoint, heard, session, say, open, isCutOff: () => isCutOff };
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
  );
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(frame, { maxLength: 6 }).map((frames) => concatBytes(...frames.map(encodeRadioFrame))),
  );
  const law = fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
    const { session, outsides } = bench();
    for (const bytes of chunks) {
      session.receive(bytes);
      outsides.at(-1)?.events.connected();
      outsides.at(-1)?.events.bytes(Uint8Array.of(1));
    }
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});
