// What can come over the cable besides requests: noise, half frames, hosts that go away or do not read. The OS outlives all of it.

import test from 'ava';
import fc from 'fast-check';
import type { LinkMethod } from '../../../contracts/wire/device-link.ts';
import { LINK_METHODS, encodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import { UART_FIFO_BYTES } from '../../../contracts/core/chip.ts';
import { BenchHost, osBench } from '../../../test/support/os-bench.ts';
import { settled } from '../../../test/support/virtual-time.ts';
import { EVENTS_WAITING_MAX } from './link-outbox.ts';

const framed = (...body: number[]): Uint8Array => Uint8Array.of(body.length, 0, 0, 0, ...body);
const method = encodeLinkFrame({ id: 7, method: 'app.status', params: {} });

for (const { what, bytes, id, code } of [
  { what: 'a body that is no MessagePack', bytes: framed(0xc1), id: 0, code: 'link-frame-malformed' },
  { what: 'an empty body', bytes: framed(), id: 0, code: 'link-frame-malformed' },
  { what: 'a number', bytes: framed(5), id: 0, code: 'link-frame-malformed' },
  { what: 'a reply', bytes: encodeLinkFrame({ id: 9, ok: true, result: {} }), id: 0, code: 'link-frame-malformed' },
  {
    what: 'an unknown method',
    bytes: encodeLinkFrame({ id: 9, method: 'device.melt' as LinkMethod, params: {} }),
    id: 9,
    code: 'link-method-unknown',
  },
  {
    what: 'a method of Object.prototype',
    bytes: encodeLinkFrame({ id: 9, method: 'toString' as LinkMethod, params: {} }),
    id: 9,
    code: 'link-method-unknown',
  },
]) {
  test(`${what} is answered ${code}, and the next request is heard`, async (t) => {
    const { serial, reports } = await osBench();
    const host = new BenchHost(serial);
    host.sendBytes(bytes);
    await settled();
    t.like(host.replies[0], { id, ok: false, error: { code } });
    t.deepEqual(await host.request('app.status'), { apps: [] });
    t.deepEqual(reports, []);
  });
}

test('a frame beyond the bound is answered once, and only a new cable is heard again', async (t) => {
  const { serial } = await osBench();
  const host = new BenchHost(serial);
  host.sendBytes(Uint8Array.of(0xff, 0xff, 0xff, 0x7f));
  await settled();
  t.like(host.replies, [{ id: 0, ok: false, error: { code: 'link-frame-too-large' } }]);
  host.sendBytes(method);
  await settled();
  t.is(host.replies.length, 1);
  t.deepEqual(await new BenchHost(serial).request('app.status'), { apps: [] });
});

test('half a frame of a host that went away does not eat the next host’s first request', async (t) => {
  const { serial } = await osBench();
  new BenchHost(serial).sendBytes(method.subarray(0, 9));
  await settled();
  const next = new BenchHost(serial);
  t.deepEqual(await next.request('app.status'), { apps: [] });
});

test('events of one host’s subscription do not go to the next host', async (t) => {
  const { serial, os } = await osBench();
  const first = new BenchHost(serial);
  await first.request('events.subscribe');
  const next = new BenchHost(serial);
  await next.request('app.status');
  os.trail.record({ t: 1, kind: 'log', app: 'a', componentId: 'a', message: 'for nobody' });
  await settled();
  t.deepEqual([first.events, next.events], [[], []]);
});

test('a host that does not read loses events and is told how many; the OS goes on', async (t) => {
  const { serial, os } = await osBench();
  const host = new BenchHost(serial);
  await host.request('events.subscribe');
  serial.clearToSend(false);
  const message = 'x'.repeat(1000);
  const total = 1000;
  for (let line = 0; line < total; line++)
    os.trail.record({ t: line, kind: 'log', app: 'a', componentId: 'a', message });
  await settled();
  t.is(host.events.length, 0);
  serial.clearToSend(true);
  await settled();
  os.trail.record({ t: total, kind: 'log', app: 'a', componentId: 'a', message: 'last' });
  await settled();
  const lines = host.events.filter(({ kind }) => kind === 'log').length;
  const lost = host.events.find((event) => event.kind === 'limit');
  t.true(lines < EVENTS_WAITING_MAX + UART_FIFO_BYTES / 1000 + 2);
  t.like(lost, {
    app: '',
    limit: 'link-events',
    used: EVENTS_WAITING_MAX + (total + 1 - lines),
    allowed: EVENTS_WAITING_MAX,
  });
  t.deepEqual(await host.request('app.status'), { apps: [] });
});

test('a frame for a host that went away does not reach the next one', async (t) => {
  const { serial, os } = await osBench();
  const first = new BenchHost(serial);
  await first.request('events.subscribe');
  serial.clearToSend(false);
  for (let line = 0; line < 300; line++)
    os.trail.record({ t: line, kind: 'log', app: 'a', componentId: 'a', message: 'y'.repeat(4000) });
  await settled();
  // The cable is pulled in the middle of a frame; what the FIFO held is gone.
  const next = new BenchHost(serial);
  serial.clearToSend(true);
  t.deepEqual(await next.request('app.status'), { apps: [] });
  t.deepEqual(next.events, []);
});

test('an audit trail that is larger than a frame is answered with what fits', async (t) => {
  const { serial, os } = await osBench();
  const host = new BenchHost(serial);
  for (let app = 0; app < 60; app++) {
    for (let line = 0; line < 100; line++)
      os.trail.record({ t: line, kind: 'log', app: 'a', componentId: `app ${app}`, message: 'z'.repeat(500) });
  }
  const { events, dropped } = (await host.request('audit.list')) as { events: unknown[]; dropped: number };
  t.is(events.length + dropped, 6000);
  t.true(events.length > 50);
});

test('whatever bytes come over the cable, the OS answers in frames and hears the next host', async (t) => {
  const { serial, reports } = await osBench();
  const value = fc.anything({ withBigInt: false, maxDepth: 3 });
  const methods = fc.constantFrom(...(Object.keys(LINK_METHODS) as LinkMethod[]).filter((name) => name !== 'restart'));
  const call = fc.record({
    id: fc.nat(),
    method: methods,
    params: fc.dictionary(fc.string({ maxLength: 12 }), value, { maxKeys: 4 }),
  });
  const packed = call.map((request) => encodeLinkFrame(request));
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 255 }).map((body) => framed(...body)),
    packed,
  );
  const property = fc.asyncProperty(fc.array(noise, { maxLength: 8 }), async (chunks) => {
    const host = new BenchHost(serial);
    for (const chunk of chunks) host.sendBytes(chunk);
    await settled();
    return host.replies.every((reply) => reply.ok || /^[a-z-]+$/.test(reply.error.code));
  });
  await fc.assert(property, { numRuns: 150 });
  t.deepEqual(await new BenchHost(serial).request('app.status'), { apps: [] });
  t.deepEqual(reports, [], 'nothing unexpected happened inside');
});
