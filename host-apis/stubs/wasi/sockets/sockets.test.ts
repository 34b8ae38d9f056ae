// wasi:sockets as a guest calls it, down to this host's sockets: the states of a socket, its errors, and which layer denies what.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Value } from '../../../../component/value-types.ts';
import type { NetworkBench, NetworkGuest } from '../../../../test/support/network-guest.ts';
import { networkBench } from '../../../../test/support/network-guest.ts';
import { NETWORK_ERROR } from './network-types.ts';

const TCP = 'sockets/tcp [method]tcp-socket.';
const UDP = 'sockets/udp [method]udp-socket.';
const NETWORK = 1;
const ADDRESS = [198, 18, 0, 1] as const;
const API = { hosts: ['api.example'] };
const v4 = (port: number, ...bytes: readonly number[]): Value => ({ index: 0, value: [port, bytes] });
const ANY = (port: number) => v4(port, 0, 0, 0, 0);

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

/** The error's name, or that there was none. */
const errorOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'error' in value
    ? (NETWORK_ERROR.names[Number(value.error)] ?? '?')
    : 'ok';

async function block(guest: NetworkGuest, subscribe: string, rep: number): Promise<void> {
  const pollable = (await guest.call(subscribe, rep)) as number;
  await guest.call('io/poll [method]pollable.block', pollable);
  guest.drop('io/poll pollable', pollable);
}

/** As a guest does it: asks, and waits for the pollable while it would block. */
async function finish(guest: NetworkGuest, area: string, name: string, rep: number): Promise<unknown> {
  for (;;) {
    const answer = await guest.ask(`${area}${name}`, rep);
    if (errorOf(answer) !== 'would-block') return answer;
    await block(guest, `${area}subscribe`, rep);
  }
}

const tcpSocket = async (guest: NetworkGuest) =>
  (await guest.ask('sockets/tcp-create-socket create-tcp-socket', 0)) as number;
const udpSocket = async (guest: NetworkGuest) =>
  (await guest.ask('sockets/udp-create-socket create-udp-socket', 0)) as number;

async function resolved(guest: NetworkGuest, name = 'api.example'): Promise<unknown> {
  const list = await guest.ask('sockets/ip-name-lookup resolve-addresses', NETWORK, name);
  if (typeof list !== 'number') return list;
  const stream = 'sockets/ip-name-lookup [method]resolve-address-stream.';
  const first = await finish(guest, stream, 'resolve-next-address', list);
  guest.drop('sockets/ip-name-lookup resolve-address-stream', list);
  return first;
}

async function connected(guest: NetworkGuest, address: Value): Promise<unknown> {
  const socket = await tcpSocket(guest);
  const started = await guest.ask(`${TCP}start-connect`, socket, NETWORK, address);
  if (errorOf(started) !== 'ok') return started;
  const streams = await finish(guest, TCP, 'finish-connect', socket);
  return errorOf(streams) === 'ok' ? [socket, ...(streams as readonly number[])] : streams;
}

async function readAll(guest: NetworkGuest, input: number): Promise<string> {
  let text = '';
  for (;;) {
    const part = await guest.ask('io/streams [method]input-stream.blocking-read', input, 4096n);
    if (!(part instanceof Uint8Array)) {
      const { error } = part as { readonly error: { readonly index: number } };
      return `${text}|${error.index === 1 ? 'closed' : 'failed'}`;
    }
    text += new TextDecoder().decode(part);
  }
}
const write = (guest: NetworkGuest, output: number, text: string) =>
  guest.ask('io/streams [method]output-stream.blocking-write-and-flush', output, new TextEncoder().encode(text));

function withApi(bench: NetworkBench, port: number | null): NetworkBench {
  bench.accessPoint.obey({ do: 'radio-host', name: 'api.example', address: '127.0.0.1', port });
  return bench;
}

test('a client finds its host, connects, talks, and gives everything back', async (t) => {
  const port = await tcpServer(t, (socket) => socket.pipe(socket));
  const { guest: make, network, audit } = withApi(networkBench(t), port);
  const guest = make(1, API);
  t.deepEqual(await resolved(guest), { index: 1, value: { index: 0, value: ADDRESS } });
  const [socket = 0, input = 0, output = 0] = (await connected(guest, v4(80, ...ADDRESS))) as number[];
  t.is(errorOf(await write(guest, output, 'hello')), 'ok');
  t.deepEqual(await guest.ask(`${TCP}remote-address`, socket), v4(80, ...ADDRESS));
  t.is(errorOf(await guest.ask(`${TCP}shutdown`, socket, 1)), 'ok');
  t.is(await readAll(guest, input), 'hello|closed');
  guest.drop('io/streams input-stream', input);
  guest.drop('io/streams output-stream', output);
  guest.drop('sockets/tcp tcp-socket', socket);
  await guest.end();
  t.is(network.openOf(1), 0);
  t.deepEqual(audit.denials, []);
});

const OUTSIDE: readonly (readonly [why: string, ask: (guest: NetworkGuest) => Promise<unknown>, resource: string])[] = [
  ['another name', (guest) => resolved(guest, 'other.example'), 'host:other.example'],
  ['a name with one label more', (guest) => resolved(guest, 'www.api.example'), 'host:www.api.example'],
  ['a name with a dot at its end', (guest) => resolved(guest, 'api.example.'), 'host:api.example.'],
  ['an address that no name led to', (guest) => connected(guest, v4(80, ...ADDRESS)), 'host:198.18.0.1:80'],
  ['this host', (guest) => connected(guest, v4(80, 127, 0, 0, 1)), 'host:127.0.0.1:80'],
  ['the metadata of a cloud', (guest) => connected(guest, v4(80, 169, 254, 169, 254)), 'host:169.254.169.254:80'],
  ['a TCP port', (guest) => listening(guest, 8080), 'tcp-server:8080'],
  ['any TCP port', (guest) => listening(guest, 0), 'tcp-server:0'],
  ['a privileged TCP port', (guest) => listening(guest, 22), 'tcp-server:22'],
  ['a UDP port', (guest) => bound(guest, 53), 'udp-server:53'],
];
for (const [why, ask, resource] of OUTSIDE) {
  test(`${why} is denied by the broker; by the firewall where the broker is open`, async (t) => {
    const shut = networkBench(t);
    t.is(errorOf(await ask(shut.guest(1, API))), 'access-denied');
    t.deepEqual(
      shut.audit.denials.map((denial) => [denial.layer, denial.resource]),
      [['broker', resource]],
    );
    const open = networkBench(t, { grantCheckFor: () => ({ allows: () => true }) });
    t.is(errorOf(await ask(open.guest(1, API))), 'access-denied');
    t.deepEqual(
      open.audit.denials.map((denial) => [denial.layer, denial.resource]),
      [['firewall', resource]],
    );
  });
}

async function listening(guest: NetworkGuest, port: number): Promise<unknown> {
  const socket = await tcpSocket(guest);
  await guest.ask(`${TCP}start-bind`, socket, NETWORK, ANY(port));
  await guest.ask(`${TCP}finish-bind`, socket);
  const started = await guest.ask(`${TCP}start-listen`, socket);
  if (errorOf(started) !== 'ok') return started;
  const done = await finish(guest, TCP, 'finish-listen', socket);
  return errorOf(done) === 'ok' ? socket : done;
}

async function bound(guest: NetworkGuest, port: number): Promise<unknown> {
  const socket = await udpSocket(guest);
  const started = await guest.ask(`${UDP}start-bind`, socket, NETWORK, ANY(port));
  if (errorOf(started) !== 'ok') return started;
  const done = await finish(guest, UDP, 'finish-bind', socket);
  return errorOf(done) === 'ok' ? socket : done;
}

test('upper case is the same name, another port the same host', async (t) => {
  const port = await tcpServer(t, (socket) => socket.end('hi'));
  const guest = withApi(networkBench(t), null).guest(1, API);
  t.is(errorOf(await resolved(guest, 'API.Example')), 'ok');
  const [, input = 0] = (await connected(guest, v4(port, ...ADDRESS))) as number[];
  t.is(await readAll(guest, input), 'hi|closed');
});

test('a server lets its callers in and talks to each', async (t) => {
  const bench = networkBench(t);
  const guest = bench.guest(1, { tcpServerPorts: [8080] });
  const socket = (await listening(guest, 8080)) as number;
  t.is(await guest.call(`${TCP}is-listening`, socket), true);
  t.is(errorOf(await guest.ask(`${TCP}accept`, socket)), 'would-block');
  const caller = connect({ host: '127.0.0.1', port: bench.listening[0]?.hostPort ?? 0 });
  t.teardown(() => caller.destroy());
  caller.end('ping');
  const [accepted = 0, input = 0, output = 0] = (await finish(guest, TCP, 'accept', socket)) as number[];
  t.is(await readAll(guest, input), 'ping|closed');
  t.is(errorOf(await write(guest, output, 'pong')), 'ok');
  for (const [type, rep] of [
    ['io/streams input-stream', input],
    ['io/streams output-stream', output],
    ['sockets/tcp tcp-socket', accepted],
  ] as const)
    guest.drop(type, rep);
  t.is(String(await once(caller, 'data')), 'pong');
});

test('datagrams to a granted host and back, and to nobody else', async (t) => {
  const outside = createSocket('udp4');
  t.teardown(() => outside.close());
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  outside.on('message', (message, from) => outside.send(`re: ${String(message)}`, from.port, from.address));
  const bench = withApi(networkBench(t), outside.address().port);
  const guest = bench.guest(1, API);
  await resolved(guest);
  const socket = (await bound(guest, 0)) as number;
  const [input = 0, output = 0] = (await guest.ask(`${UDP}stream`, socket, { index: 0, value: undefined })) as number[];
  const send = (address: Value, bytes: Uint8Array) =>
    guest.ask('sockets/udp [method]outgoing-datagram-stream.send', output, [[bytes, { index: 1, value: address }]]);
  t.is(await guest.ask('sockets/udp [method]outgoing-datagram-stream.check-send', output), 1n);
  t.is(await send(v4(53, ...ADDRESS), new TextEncoder().encode('ask')), 1n);
  t.is(errorOf(await send(v4(53, 10, 0, 0, 1), new Uint8Array(1))), 'access-denied');
  t.is(errorOf(await send(v4(53, ...ADDRESS), new Uint8Array(10_000))), 'datagram-too-large');
  await block(guest, 'sockets/udp [method]incoming-datagram-stream.subscribe', input);
  const got = await guest.ask('sockets/udp [method]incoming-datagram-stream.receive', input, 10n);
  t.deepEqual(got, [[new TextEncoder().encode('re: ask'), v4(53, ...ADDRESS)]]);
  t.deepEqual(await guest.ask('sockets/udp [method]incoming-datagram-stream.receive', input, 10n), []);
  t.deepEqual(
    bench.audit.denials.map(({ layer, resource }) => [layer, resource]),
    [['broker', 'host:10.0.0.1:53']],
  );
});

test('two apps have nothing of each other: no address, no handle, no port', async (t) => {
  const port = await tcpServer(t, (socket) => socket.on('data', () => undefined));
  const bench = withApi(networkBench(t), port);
  const [one, two] = [
    bench.guest(1, { ...API, tcpServerPorts: [80] }),
    bench.guest(2, { ...API, tcpServerPorts: [80] }),
  ];
  await resolved(one);
  t.is(errorOf(await connected(one, v4(80, ...ADDRESS))), 'ok');
  t.is(errorOf(await connected(two, v4(80, ...ADDRESS))), 'access-denied');
  t.is(errorOf(await listening(one, 80)), 'ok');
  t.is(errorOf(await listening(two, 80)), 'address-in-use');
  await one.end();
  bench.network.dismiss(1);
  t.is(errorOf(await listening(two, 80)), 'ok');
});

test('the states of a TCP socket: what has no place now is refused and changes nothing', async (t) => {
  const bench = withApi(networkBench(t), 9);
  const guest = bench.guest(1, API);
  const socket = await tcpSocket(guest);
  const tell = (name: string, ...args: readonly Value[]) => guest.ask(`${TCP}${name}`, socket, ...args).then(errorOf);
  t.is(await tell('finish-bind'), 'not-in-progress');
  t.is(await tell('finish-connect'), 'not-in-progress');
  t.is(await tell('finish-listen'), 'not-in-progress');
  t.is(await tell('start-listen'), 'invalid-state');
  t.is(await tell('accept'), 'invalid-state');
  t.is(await tell('shutdown', 2), 'invalid-state');
  t.is(await tell('local-address'), 'invalid-state');
  t.is(await tell('remote-address'), 'invalid-state');
  t.is(await tell('start-bind', NETWORK, v4(0, 127, 0, 0, 1)), 'address-not-bindable');
  t.is(await tell('start-bind', NETWORK, { index: 1, value: [0, 0, [0, 0, 0, 0, 0, 0, 0, 0], 0] }), 'invalid-argument');
  t.is(await tell('start-connect', NETWORK, v4(0, ...ADDRESS)), 'invalid-argument');
  t.is(await tell('start-connect', NETWORK, ANY(80)), 'invalid-argument');
  t.is(await tell('start-bind', NETWORK, ANY(0)), 'ok');
  t.is(await tell('start-bind', NETWORK, ANY(0)), 'invalid-state');
  t.is(await tell('finish-bind'), 'ok');
  t.is(await tell('set-hop-limit', 0), 'invalid-argument');
  t.is(await tell('set-hop-limit', 9), 'not-supported');
});

test('a mapped address is none, and a literal in a lookup leads to itself without a right to go there', async (t) => {
  const guest = networkBench(t).guest(1, API);
  const [socket] = [(await guest.ask('sockets/tcp-create-socket create-tcp-socket', 1)) as number];
  const mapped = { index: 1, value: [80, 0, [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 0] };
  t.is(errorOf(await guest.ask(`${TCP}start-connect`, socket, NETWORK, mapped)), 'invalid-argument');
  t.deepEqual(await resolved(guest, '127.0.0.1'), { index: 1, value: { index: 0, value: [127, 0, 0, 1] } });
  t.is(errorOf(await resolved(guest, 'bücher.example')), 'invalid-argument');
  t.is(errorOf(await resolved(guest, 'a'.repeat(300))), 'invalid-argument');
});
