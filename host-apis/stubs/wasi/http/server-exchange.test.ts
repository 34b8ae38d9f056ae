// Clients that stop in the middle, on a clock that moves only while somebody waits.

import test from 'ava';
import type { AppReply, AppRequest } from '../../../../contracts/wire/app-call.ts';
import type { Readiness } from '../io.ts';
import { TcpSocket } from '../sockets/tcp-socket.ts';
import { WatchedHandle } from '../sockets/watched-handle.ts';
import { blockingRead } from '../stream-moves.ts';
import { HttpFields } from './http-fields.ts';
import { OutgoingResponse } from './outgoing-response.ts';
import { ServerExchange } from './server-exchange.ts';

const none: AppReply = { ok: true, result: { kind: 'none' } };
const u32 = (value: number): AppReply => ({ ok: true, result: { kind: 'u32', value } });

/** A connection whose client says these things, one a read, and then nothing more. */
function slowClient(says: readonly string[], { takesNothing = false } = {}) {
  const left = says.map((text) => new TextEncoder().encode(text));
  const device = { nowNs: 0n, sent: '', closed: 0 };
  const answer = (request: AppRequest): AppReply => {
    switch (request.function) {
      case 'timers.now':
        return { ok: true, result: { kind: 'u64', value: device.nowNs } };
      case 'poll.wait':
        if (request.timeoutNs === undefined) throw new Error('a wait that nothing ever ends');
        device.nowNs += request.timeoutNs;
        return { ok: true, result: { kind: 'wake', value: { kind: 'timed-out' } } };
      case 'tcp.receive': {
        const value = left.shift();
        return value === undefined
          ? { ok: false, error: 'would-block' }
          : { ok: true, result: { kind: 'bytes', value } };
      }
      case 'tcp.room':
        return takesNothing ? { ok: false, error: 'would-block' } : u32(1000);
      case 'tcp.send':
        device.sent += new TextDecoder().decode(request.bytes);
        return u32(request.bytes.length);
      case 'tcp.watch':
        return u32(7);
      case 'handle.close':
        device.closed++;
        return none;
      default:
        return none;
    }
  };
  const broker = {
    call: (request: AppRequest) => answer(request),
    tell: (request: AppRequest) => void answer(request),
  };
  const held = new WatchedHandle(broker, 'tcp', 1);
  const socket = TcpSocket.accepted(broker, 4, held, { text: '10.0.0.1', port: 1 }, 80);
  return { device, broker, exchange: new ServerExchange(broker, socket, held) };
}

test('a client that never ends its head is told so after ten seconds', async (t) => {
  const { device, exchange } = slowClient(['GET / HT', 'TP/1.1\r\n']);
  t.is(await exchange.readHead(), undefined);
  await exchange.finish();
  t.regex(device.sent, /^HTTP\/1\.1 408 \r\n/);
  t.true(device.nowNs >= 10_000_000_000n && device.nowNs < 12_000_000_000n);
  t.true(device.closed > 0);
});

test('a client that stops in its body lets the guest go on after thirty seconds, and is told so', async (t) => {
  const { device, broker, exchange } = slowClient(['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc']);
  t.not(await exchange.readHead(), undefined);
  const body = exchange.bodyStream();
  t.deepEqual(await blockingRead(broker, body, 100), new TextEncoder().encode('abc'));
  t.like(await blockingRead(broker, body, 100), { kind: 'failed', error: { text: 'connection-read-timeout' } });
  await exchange.respond(new OutgoingResponse(new HttpFields()));
  await exchange.finish();
  t.regex(device.sent, /^HTTP\/1\.1 408 \r\n/);
  t.true(device.nowNs >= 30_000_000_000n && device.nowNs < 32_000_000_000n);
});

test('a client that takes nothing is given up after thirty seconds', async (t) => {
  const { device, exchange } = slowClient(['GET / HTTP/1.1\r\nHost: a\r\n\r\n'], { takesNothing: true });
  await exchange.readHead();
  await exchange.respond(new OutgoingResponse(new HttpFields()));
  await exchange.finish();
  t.is(device.sent, '');
  t.is(device.nowNs, 30_000_000_000n);
  t.is((exchange.fault as { readonly kind: string }).kind, 'failed');
});

test('whoever waits for a body also waits for the end of patience', async (t) => {
  const { exchange } = slowClient(['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n']);
  await exchange.readHead();
  const readiness: Readiness = await exchange.bodyStream().subscribe().readiness();
  t.like(readiness, { kind: 'handle', untilNs: 30_000_000_000n });
});

/** Answers of a guest that announce what they do not have, and what becomes of them. */
const ANSWERS: readonly (readonly [
  why: string,
  length: string | undefined,
  body: string | undefined,
  status: number,
])[] = [
  ['nothing at all', undefined, undefined, 200],
  ['a length without a body', '5', undefined, 500],
  ['a length that is none', '5, 5', undefined, 500],
  ['a body of its length', '3', 'abc', 200],
];
for (const [why, length, text, status] of ANSWERS) {
  test(`an answer with ${why} is a ${status}`, async (t) => {
    const { device, exchange } = slowClient(['GET / HTTP/1.1\r\nHost: a\r\n\r\n']);
    await exchange.readHead();
    const fields = new HttpFields();
    if (length !== undefined) fields.set('content-length', [new TextEncoder().encode(length)]);
    const response = new OutgoingResponse(fields);
    const body = text === undefined ? undefined : response.takeBody();
    await exchange.respond(response);
    if (text !== undefined) await body?.stream().write(new TextEncoder().encode(text));
    body?.finish();
    await exchange.finish();
    t.regex(device.sent, new RegExp(`^HTTP/1\\.1 ${status} \\r\\n`));
    t.true(device.sent.endsWith(`\r\n\r\n${text ?? ''}`));
  });
}
