// What a hostile compartment can send down its pipe. It is cut off or answered; it never throws, grows or reaches another app.

import test from 'ava';
import fc from 'fast-check';
import { concatBytes } from '../../contracts/core/bytes.ts';
import type { AppRequest } from '../../contracts/wire/app-call.ts';
import { encodeAppRequest } from '../../contracts/wire/app-call.ts';
import { AppEnd, brokerBench } from '../../test/support/broker-bench.ts';
import { settled } from '../../test/support/virtual-time.ts';

const NOW = encodeAppRequest({ function: 'timers.now' });

const HOSTILE: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
  { what: 'a length of 4 GiB', bytes: Uint8Array.of(0xff, 0xff, 0xff, 0xff) },
  { what: 'a length one over the bound', bytes: Uint8Array.of(0xfd, 0xff, 0x00, 0x00) },
  { what: 'an empty frame', bytes: Uint8Array.of(0, 0, 0, 0) },
  { what: 'an unknown function', bytes: Uint8Array.of(4, 0, 0, 0, 0xff, 0x7f, 0, 0) },
  { what: 'function 0', bytes: Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0) },
  { what: 'reserved bits', bytes: Uint8Array.of(4, 0, 0, 0, 0x01, 0x03, 1, 0) },
  { what: 'arguments that are too short', bytes: Uint8Array.of(5, 0, 0, 0, 0x01, 0x01, 0, 0, 9) },
  { what: 'arguments that go on', bytes: Uint8Array.of(9, 0, 0, 0, 0x03, 0x01, 0, 0, 1, 0, 0, 0, 0) },
  {
    what: 'a wait on 65 handles',
    bytes: encodeAppRequest({ function: 'poll.wait', handles: Array<number>(65).fill(1), timeoutNs: 0n }),
  },
  { what: 'two calls at once', bytes: concatBytes(NOW, NOW) },
];

for (const { what, bytes } of HOSTILE) {
  test(`${what} cuts the app off with protocol-error, and nothing that follows is answered`, async (t) => {
    const { broker } = brokerBench();
    const app = new AppEnd(broker);
    app.session.receive(bytes);
    await settled();
    t.deepEqual(
      app.cutOffs.map(({ code }) => code),
      ['protocol-error'],
    );
    const answered = app.frames.length;
    app.session.receive(NOW);
    await settled();
    t.is(app.frames.length, answered);
    t.is(app.cutOffs.length, 1);
  });
}

test('a second call while the first waits cuts the app off', async (t) => {
  const { broker, time } = brokerBench();
  const app = new AppEnd(broker);
  app.send({ function: 'poll.wait', handles: [], timeoutNs: undefined });
  await settled();
  app.session.receive(NOW);
  t.deepEqual(
    app.cutOffs.map(({ code }) => code),
    ['protocol-error'],
  );
  t.is(time.alarms, 0);
});

test('a call that comes byte by byte is answered like any other', async (t) => {
  const { broker } = brokerBench();
  const app = new AppEnd(broker);
  for (const byte of NOW) app.session.receive(Uint8Array.of(byte));
  await settled();
  t.is(app.frames.length, 1);
  t.deepEqual(app.cutOffs, []);
});

const anyHandle = fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 0xffff_ffff }));
const anyRequest: fc.Arbitrary<AppRequest> = fc.oneof(
  fc.record({ function: fc.constant('gpio.open-input' as const), pin: fc.nat(90) }),
  fc.record({
    function: fc.constant('gpio.open-output' as const),
    pin: fc.nat(90),
    mode: fc.nat(255),
    level: fc.nat(255),
  }),
  fc.record({ function: fc.constant('gpio.get' as const), handle: anyHandle }),
  fc.record({ function: fc.constant('gpio.set' as const), handle: anyHandle, level: fc.nat(3) }),
  fc.record({ function: fc.constant('timers.create' as const) }),
  fc.record({ function: fc.constant('timers.take-expirations' as const), handle: anyHandle }),
  fc.record({ function: fc.constant('handle.close' as const), handle: anyHandle }),
  fc.record({
    function: fc.constant('poll.wait' as const),
    handles: fc.array(anyHandle, { maxLength: 64 }),
    timeoutNs: fc.constant(0n),
  }),
);

test('whatever calls an app makes, it reaches its own granted pins and no other', async (t) => {
  const property = fc.asyncProperty(fc.array(anyRequest, { minLength: 1, maxLength: 40 }), async (requests) => {
    const { broker, pins, audit } = brokerBench();
    const app = new AppEnd(broker, { context: 3, pins: [8, 9] });
    for (const request of requests) {
      app.send(request);
      for (let turn = 0; turn < 12; turn++) await Promise.resolve();
    }
    await settled();
    await app.session.ended();
    const strangers = pins.accesses.filter((access) => !/ 3:(8|9)( |$)/.test(access));
    return (
      strangers.length === 0 &&
      app.cutOffs.length === 0 &&
      app.frames.length === requests.length &&
      audit.denials.every(({ resource }) => !/:(8|9)$/.test(resource))
    );
  });
  await fc.assert(property, { numRuns: 100 });
  t.pass();
});

test('whatever bytes come, nothing is thrown and at most one cut-off is told', async (t) => {
  const seeds = [NOW, encodeAppRequest({ function: 'gpio.open-output', pin: 9, mode: 0, level: 1 })];
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(...seeds));
  const property = fc.asyncProperty(fc.array(bytes, { maxLength: 20 }), async (chunks) => {
    const { broker, pins } = brokerBench();
    const app = new AppEnd(broker, { pins: [9] });
    for (const chunk of chunks) app.session.receive(chunk);
    await settled();
    await app.session.ended();
    return (
      app.cutOffs.length <= 1 &&
      app.cutOffs.every(({ code }) => code === 'protocol-error') &&
      pins.accesses.every((access) => access.includes('1:9'))
    );
  });
  await fc.assert(property, { numRuns: 200 });
  t.pass();
});
