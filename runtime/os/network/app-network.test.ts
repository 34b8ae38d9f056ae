// The apps' network from the broker down to this host's sockets: what gets through, what waits, and which layer stops what.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createSocket } from 'node:dgram';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { grantsOf } from '../../../contracts/core/grants.ts';
import {
  RADIO_APP_STREAMS,
  RADIO_DATAGRAM_COST_BYTES,
  RADIO_WINDOW_BYTES,
} from '../../../contracts/wire/radio-link.ts';
import { BUFFERS_MAX_BYTES, BudgetLine } from '../../../host-apis/broker/app-budget.ts';
import type { OnChange, PortResult, TcpStream } from '../../../host-apis/ports.ts';
import { radioBench } from '../../../test/support/radio-bench.ts';
import type { ListeningPort } from './app-network.ts';
import { AppNetwork } from './app-network.ts';

const ADDRESS = '198.18.0.1';

async function tcpServer(t: ExecutionContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    t.teardown(() => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Wish {
  readonly hosts?: readonly string[];
  readonly tcpServerPorts?: readonly number[];
  readonly udpServerPorts?: readonly number[];
}

function bench(t: ExecutionContext, wish: Wish = { hosts: ['api.example'] }, toPort: number | null = null) {
  const { radio, accessPoint, cut } = radioBench();
  t.teardown(cut);
  const network = new AppNetwork(radio);
  const listening: ListeningPort[] = [];
  const admit = (context: number, asked: Wish): void =>
    network.admit(context, grantsOf({ memoryBytes: 65536, ...asked }), (port) => listening.push(port));
  admit(1, wish);
  accessPoint.obey({ do: 'radio-host', name: 'api.example', address: '127.0.0.1', port: toPort });
  return { radio, accessPoint, cut, network, admit, listening };
}

/** Asks again whenever it may have changed. */
async function eventually<Value>(
  { onChange }: { readonly onChange: OnChange },
  ask: () => PortResult<Value>,
): Promise<Value | string> {
  for (;;) {
    const answer = ask();
    if (answer.ok) return answer.value;
    if (answer.error !== 'would-block') return answer.error;
    await new Promise<void>((resolve) => {
      const stop = onChange(() => {
        stop();
        resolve();
      });
    });
  }
}

/** How much of its budget an app takes, once nothing moves any more. */
async function settled({ used }: { used: () => number }): Promise<number> {
  let before = -1;
  for (let now = used(); now !== before; now = used()) {
    before = now;
    await sleep(50);
  }
  return before;
}

function opened<Value>(result: PortResult<Value>): Value {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

async function resolved(network: AppNetwork, name = 'api.example', context = 1): Promise<unknown> {
  const lookup = opened(network.resolve(context, name));
  return eventually(lookup, () => lookup.addresses());
}

async function text(stream: TcpStream): Promise<string> {
  let all = '';
  for (;;) {
    const part = await eventually(stream, () => stream.receive(1000));
    if (typeof part === 'string') return `${all}|${part}`;
    all += new TextDecoder().decode(part);
  }
}
const bytes = (said: string) => new TextEncoder().encode(said);
const errorOf = (result: PortResult<unknown>) => (result.ok ? undefined : `${result.error} by ${result.layer}`);

test('a granted name leads to an address, and that address to a connection with both its ends', async (t) => {
  const port = await tcpServer(t, (socket) => socket.pipe(socket));
  const { network } = bench(t, { hosts: ['api.example'] }, port);
  t.deepEqual(await resolved(network), [ADDRESS]);
  const stream = opened(network.connect(1, ADDRESS, 80));
  t.is(await eventually(stream, () => stream.ready()), undefined);
  t.deepEqual(stream.send(bytes('hello')), { ok: true, value: 5 });
  stream.shutdown('send');
  t.is(errorOf(stream.send(bytes('x'))), 'closed by driver');
  t.is(await text(stream), 'hello|closed');
  stream.close();
  await sleep(0);
  t.is(network.openOf(1), 0);
});

const denials: readonly (readonly [why: string, ask: (network: AppNetwork) => PortResult<unknown>])[] = [
  ['a name that is not granted', (network) => network.resolve(1, 'other.example')],
  ['a name one label longer', (network) => network.resolve(1, 'www.api.example')],
  ['a name one label shorter', (network) => network.resolve(1, 'example')],
  // In DNS the same name: one spelling is granted.
  ['a name with a dot at its end', (network) => network.resolve(1, 'api.example.')],
  ['the address of a name before it was looked up', (network) => network.connect(1, ADDRESS, 80)],
  ['an address that no name led to', (network) => network.connect(1, '10.0.0.1', 80)],
  ['this host', (network) => network.connect(1, '127.0.0.1', 80)],
  ['this host in the clothes of IPv6', (network) => network.connect(1, '::ffff:127.0.0.1', 80)],
  ['the metadata service of a cloud', (network) => network.connect(1, '169.254.169.254', 80)],
  ['a TCP port that is not granted', (network) => network.listen(1, 8080)],
  ['any TCP port', (network) => network.listen(1, 0)],
  ['a UDP port that is not granted', (network) => network.bind(1, 53)],
  ['a context that nobody was admitted to', (network) => network.bind(2, 0)],
];
for (const [why, ask] of denials) {
  test(`the firewall denies ${why}`, (t) => {
    t.is(errorOf(ask(bench(t).network)), 'access-denied by firewall');
  });
}

test('upper case is the same name, another port the same host', async (t) => {
  const port = await tcpServer(t, (socket) => socket.end('yes'));
  const { network } = bench(t, { hosts: ['api.example'] });
  t.deepEqual(await resolved(network, 'API.Example'), [ADDRESS]);
  for (const other of [port, port]) {
    const stream = opened(network.connect(1, ADDRESS, other));
    t.is(await eventually(stream, () => stream.ready()), undefined);
    t.is(await text(stream), 'yes|closed');
  }
});

test('what one app looked up is nothing to another one, nor to the next one in its context', async (t) => {
  const { network, admit } = bench(t);
  admit(2, { hosts: ['api.example'] });
  await resolved(network);
  t.is(errorOf(network.connect(2, ADDRESS, 80)), 'access-denied by firewall');
  network.dismiss(1);
  admit(1, { hosts: ['api.example'] });
  t.is(errorOf(network.connect(1, ADDRESS, 80)), 'access-denied by firewall');
});

test('a granted name that leads to this host does not: the literal has to be granted', async (t) => {
  const { network, admit } = bench(t, { hosts: ['localhost'] });
  t.is(await resolved(network, 'localhost'), 'access-denied');
  const port = await tcpServer(t, (socket) => socket.end('yes'));
  admit(1, { hosts: ['127.0.0.1'] });
  const stream = opened(network.connect(1, '127.0.0.1', port));
  t.is(await eventually(stream, () => stream.ready()), undefined);
});

test('nobody there, no such name, no radio: each has its own error', async (t) => {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const { network, accessPoint } = bench(t, { hosts: ['api.example', 'nowhere.invalid'] }, port);
  await resolved(network);
  const stream = opened(network.connect(1, ADDRESS, 80));
  t.is(await eventually(stream, () => stream.ready()), 'connection-refused');
  t.is(await resolved(network, 'nowhere.invalid'), 'name-not-resolved');
  accessPoint.obey({ do: 'radio', power: 'off' });
  t.is(await resolved(network), 'unreachable');
  const late = opened(network.connect(1, ADDRESS, 80));
  t.is(await eventually(late, () => late.ready()), 'unreachable');
  t.is(network.openOf(1), 0);
});

test('a sender that is faster than its reader waits, and never more than a window is kept', async (t) => {
  let given = 0;
  const port = await tcpServer(t, (socket) => {
    const fill = (): void => {
      while (given < 64 << 20 && socket.write(new Uint8Array(1 << 16))) given += 1 << 16;
    };
    socket.on('drain', fill);
    fill();
  });
  const { network } = bench(t, { hosts: ['api.example'] }, port);
  await resolved(network);
  const stream = opened(network.connect(1, ADDRESS, 80));
  await eventually(stream, () => stream.ready());
  let before = -1;
  while (before !== given) {
    before = given;
    await sleep(50);
  }
  t.true(given < 32 << 20, 'the kernel’s buffers, not ours');
  const kept = stream.receive(1 << 20);
  t.is(kept.ok && kept.value.length, RADIO_WINDOW_BYTES);
});

test('an app that is faster than the outside waits for room, and nothing is lost', async (t) => {
  let isReading = false;
  const read = { bytes: 0 };
  const port = await tcpServer(t, (socket) => {
    socket.pause();
    socket.on('data', (chunk) => (read.bytes += chunk.length));
    socket.pause();
    const timer = setInterval(() => isReading && socket.resume(), 5);
    t.teardown(() => clearInterval(timer));
  });
  const { network } = bench(t, { hosts: ['api.example'] }, port);
  await resolved(network);
  const stream = opened(network.connect(1, ADDRESS, 80));
  await eventually(stream, () => stream.ready());
  let sent = 0;
  const chunk = new Uint8Array(RADIO_WINDOW_BYTES);
  for (let idle = 0; idle < 20;) {
    const taken = stream.send(chunk);
    if (taken.ok) [sent, idle] = [sent + taken.value, 0];
    else {
      idle++;
      await sleep(5);
    }
  }
  t.is(errorOf(stream.send(chunk)), 'would-block by driver');
  isReading = true;
  stream.close();
  while (read.bytes < sent) await sleep(5);
  t.is(read.bytes, sent);
});

test('a cut in the middle of a transfer is a reset after the bytes that came', async (t) => {
  const port = await tcpServer(t, (socket) => socket.end('0123456789'));
  const { network, accessPoint } = bench(t, { hosts: ['api.example'] }, port);
  await resolved(network);
  accessPoint.obey({ do: 'radio-cut', afterBytes: 4 });
  const stream = opened(network.connect(1, ADDRESS, 80));
  await eventually(stream, () => stream.ready());
  t.is(await text(stream), '0123|connection-reset');
});

test('an app has its share of lines and no more; the others and the service have theirs', async (t) => {
  const port = await tcpServer(t, (socket) => socket.on('data', () => undefined));
  const { network, admit, radio } = bench(t, { hosts: ['api.example'] }, port);
  await resolved(network);
  for (let count = 0; count < RADIO_APP_STREAMS; count++) opened(network.connect(1, ADDRESS, 80));
  t.is(errorOf(network.connect(1, ADDRESS, 80)), 'too-many-handles by driver');
  for (const context of [2, 3, 4, 5, 6, 7]) {
    admit(context, { hosts: ['127.0.0.1'] });
    for (let count = 0; count < RADIO_APP_STREAMS; count++) opened(network.connect(context, '127.0.0.1', port));
  }
  const service = radio.connect('127.0.0.1', port);
  await once(service, 'connect');
  service.destroy();
  network.dismiss(1);
  t.is(network.openOf(1), 0);
  admit(1, { hosts: ['127.0.0.1'] });
  t.notThrows(() => opened(network.connect(1, '127.0.0.1', port)));
});

test('a granted port is reached from this host, and every caller is a stream', async (t) => {
  const { network, admit, listening } = bench(t, { tcpServerPorts: [80] });
  const listener = opened(network.listen(1, 80));
  t.is(await eventually(listener, () => listener.ready()), undefined);
  admit(2, { tcpServerPorts: [80] });
  t.is(errorOf(network.listen(2, 80)), 'address-in-use by driver');
  const [open] = listening;
  t.like(open, { protocol: 'tcp', port: 80 });
  const caller = connect({ host: '127.0.0.1', port: open?.hostPort ?? 0 });
  t.teardown(() => caller.destroy());
  caller.end('ping');
  const accepted = await eventually(listener, () => listener.accept());
  if (typeof accepted === 'string') return t.fail(accepted);
  t.is(accepted.peer.address, '127.0.0.1');
  t.is(await text(accepted.stream), 'ping|closed');
  accepted.stream.send(bytes('pong'));
  accepted.stream.close();
  t.is(String(await once(caller, 'data')), 'pong');
  listener.close();
  t.notThrows(() => opened(network.listen(2, 80)));
});

test('datagrams: out to a granted host and back; nobody else is heard', async (t) => {
  const outside = createSocket('udp4');
  t.teardown(() => outside.close());
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  const { network } = bench(t, { hosts: ['api.example'] }, outside.address().port);
  await resolved(network);
  const socket = opened(network.bind(1, 0));
  await eventually(socket, () => socket.ready());
  t.is(errorOf(socket.send({ address: '10.0.0.1', port: 53 }, bytes('no'))), 'access-denied by firewall');
  t.is(errorOf(socket.send({ address: ADDRESS, port: 53 }, new Uint8Array(9000))), 'too-large by driver');
  t.true(socket.send({ address: ADDRESS, port: 53 }, bytes('ask')).ok);
  const [asked, from] = (await once(outside, 'message')) as [Uint8Array, AddressInfo];
  t.is(new TextDecoder().decode(asked), 'ask');
  const stranger = createSocket('udp4');
  t.teardown(() => stranger.close());
  stranger.send('boo', from.port, '127.0.0.1');
  await sleep(20);
  outside.send('answer', from.port, '127.0.0.1');
  const got = await eventually(socket, () => socket.receive());
  t.deepEqual(got, { from: { address: ADDRESS, port: 53 }, bytes: bytes('answer') });
  t.is(errorOf(socket.receive()), 'would-block by driver');
});

test('a granted UDP port hears everybody and may answer them, and only them', async (t) => {
  const { network, listening } = bench(t, { udpServerPorts: [5353] });
  const socket = opened(network.bind(1, 5353));
  await eventually(socket, () => socket.ready());
  const caller = createSocket('udp4');
  t.teardown(() => caller.close());
  caller.bind(0, '127.0.0.1');
  await once(caller, 'listening');
  const peer = { address: '127.0.0.1', port: caller.address().port };
  t.is(errorOf(socket.send(peer, bytes('first'))), 'access-denied by firewall');
  caller.send('hello', listening[0]?.hostPort ?? 0, '127.0.0.1');
  t.deepEqual(await eventually(socket, () => socket.receive()), { from: peer, bytes: bytes('hello') });
  t.true(socket.hasHeardFrom(peer));
  t.true(socket.send(peer, bytes('back')).ok);
  const [answer] = (await once(caller, 'message')) as [Uint8Array];
  t.is(new TextDecoder().decode(answer), 'back');
  t.is(errorOf(socket.send({ ...peer, port: peer.port ^ 1 }, bytes('x'))), 'access-denied by firewall');
});

test('a wire that is gone ends everything with an error, and nothing stays', async (t) => {
  const port = await tcpServer(t, (socket) => socket.on('data', () => undefined));
  const { network, cut } = bench(t, { hosts: ['api.example'], tcpServerPorts: [80], udpServerPorts: [81] }, port);
  await resolved(network);
  const stream = opened(network.connect(1, ADDRESS, 80));
  await eventually(stream, () => stream.ready());
  const listener = opened(network.listen(1, 80));
  const socket = opened(network.bind(1, 81));
  await eventually(socket, () => socket.ready());
  cut();
  t.is(await text(stream), '|connection-reset');
  t.is(await eventually(listener, () => listener.accept()), 'unreachable');
  t.is(await eventually(socket, () => socket.receive()), 'unreachable');
  t.is(errorOf(network.connect(1, ADDRESS, 80)), 'unreachable by driver');
  t.is(network.openOf(1), 0);
});

test('senders that are faster than the app never fill more than its budget over all sockets, and everything is given back', async (t) => {
  const port = await tcpServer(t, (socket) => {
    const fill = (): void => {
      while (socket.write(new Uint8Array(1 << 16)));
    };
    socket.on('drain', fill);
    fill();
  });
  const { network } = bench(t, {}, port);
  const buffers = new BudgetLine(BUFFERS_MAX_BYTES);
  network.admit(1, grantsOf({ memoryBytes: 65536, hosts: ['127.0.0.1'] }), () => undefined, buffers);
  const streams = Array.from({ length: RADIO_APP_STREAMS }, () => opened(network.connect(1, '127.0.0.1', port)));
  for (const stream of streams) await eventually(stream, () => stream.ready());
  for (const stream of streams) stream.send(new Uint8Array(RADIO_WINDOW_BYTES));
  const used = await settled({ used: () => buffers.used });
  t.true(used >= RADIO_APP_STREAMS * RADIO_WINDOW_BYTES, 'every window is full');
  t.true(buffers.peak <= BUFFERS_MAX_BYTES);
  t.is(buffers.refused, 0, 'whoever keeps to the windows loses nothing');
  const [first] = streams;
  const read = first?.receive(1000);
  t.is(read?.ok && read.value.length, 1000);
  for (const stream of streams) stream.close();
  network.dismiss(1);
  network.admit(1, grantsOf({ memoryBytes: 65536 }), () => undefined);
  t.is(await settled({ used: () => buffers.used }), 0);
});

test('a stream waits for room that another socket of the app has taken, and is told when there is some', async (t) => {
  const port = await tcpServer(t, (socket) => socket.pause());
  const { network } = bench(t, {}, port);
  const buffers = new BudgetLine(10_000);
  network.admit(1, grantsOf({ memoryBytes: 65536, hosts: ['127.0.0.1'] }), () => undefined, buffers);
  const [one, other] = [1, 2].map(() => opened(network.connect(1, '127.0.0.1', port)));
  if (one === undefined || other === undefined) return t.fail();
  for (const stream of [one, other]) await eventually(stream, () => stream.ready());
  t.deepEqual(one.send(new Uint8Array(20_000)), { ok: true, value: 10_000 });
  t.is(errorOf(other.send(bytes('x'))), 'would-block by driver');
  // The access point takes what the first one sent, and that makes room for the second.
  t.is(await eventually(other, () => other.send(bytes('x'))), 1);
  t.true(buffers.peak <= 10_000);
});

test('datagrams beyond the budget are dropped and counted, and what was read makes room', async (t) => {
  const { network, listening } = bench(t, {});
  const buffers = new BudgetLine(1000);
  const grants = grantsOf({ memoryBytes: 65536, udpServerPorts: [5353] });
  network.admit(1, grants, (port) => listening.push(port), buffers);
  const socket = opened(network.bind(1, 5353));
  await eventually(socket, () => socket.ready());
  const caller = createSocket('udp4');
  t.teardown(() => caller.close());
  const send = (count: number) => {
    for (let at = 0; at < count; at++) caller.send(new Uint8Array(400), listening[0]?.hostPort ?? 0, '127.0.0.1');
  };
  send(4);
  while (buffers.refused < 2) await sleep(5);
  t.is(buffers.used, 2 * (400 + RADIO_DATAGRAM_COST_BYTES));
  t.true(socket.receive().ok);
  t.true(socket.receive().ok);
  t.is(errorOf(socket.receive()), 'would-block by driver');
  t.is(buffers.used, 0);
  send(1);
  t.not(typeof (await eventually(socket, () => socket.receive())), 'string');
  send(1);
  while (buffers.used === 0) await sleep(5);
  socket.close();
  t.is(buffers.used, 0);
});

test('port 0 of a granted host is an argument that cannot be, and the radio of everybody goes on', async (t) => {
  const { network, radio } = bench(t, { hosts: ['127.0.0.1'] });
  const socket = opened(network.bind(1, 0));
  t.is(await eventually(socket, () => socket.ready()), undefined);
  // A frame with it is one that no device may send: the access point would hang up on the whole device.
  t.is(errorOf(network.connect(1, '127.0.0.1', 0)), 'invalid-argument by driver');
  t.is(errorOf(socket.send({ address: '127.0.0.1', port: 0 }, bytes('x'))), 'invalid-argument by driver');
  network.dismiss(1);
  await sleep(20);
  const port = await tcpServer(t, (taken) => taken.end());
  const service = radio.connect('127.0.0.1', port);
  t.teardown(() => service.destroy());
  await once(service, 'connect');
  t.false(service.destroyed);
});
