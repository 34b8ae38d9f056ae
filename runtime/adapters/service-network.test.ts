// Requests of the OS to a service on this host, over a radio: what is believed, what is sent, and every way in which it goes wrong.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { radioBench } from '../../test/support/radio-bench.ts';
import { serviceBench } from '../../test/support/service-bench.ts';
import type { Held, Life, Pki } from '../../test/support/service-pki.ts';
import {
  DAY,
  HOST_NOW,
  issued,
  NAMES,
  newKey,
  pemOf,
  rawKey,
  servicePki,
  tlsServer,
} from '../../test/support/service-pki.ts';
import type { ServiceRequest, ServiceTrust } from '../os/service-port.ts';
import type { ServiceTimes } from './service-network.ts';
import { SERVICE_TIMES, serviceNetwork } from './service-network.ts';

const PKI = servicePki();
const GET: ServiceRequest = { method: 'GET', path: '/device/v1/x', maxBytes: 1024 };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
/** Short enough to wait for in a test of what never comes. */
const HASTY: ServiceTimes = { headMs: 400, idleMs: 200, bodyBytesPerSecond: 4096 };

interface Wish {
  readonly chain?: readonly [Held, ...Held[]];
  readonly root?: Held;
  readonly host?: string;
  readonly trust?: Partial<ServiceTrust>;
  readonly request?: Partial<ServiceRequest>;
  readonly times?: ServiceTimes;
  readonly serve?: (socket: TLSSocket) => void;
}

/** What came of one request, and what the server heard of it. */
async function asked(t: ExecutionContext, wish: Wish = {}) {
  const { chain = [PKI.leaf, PKI.ca], root = PKI.root, host = 'localhost', times = SERVICE_TIMES } = wish;
  const heard: string[] = [];
  const serve = wish.serve ?? ((socket: TLSSocket) => void socket.end(OK));
  const port = await tlsServer(t, chain, (socket) => {
    socket.once('data', (chunk: Buffer) => {
      heard.push(chunk.toString('latin1'));
      serve(socket);
    });
  });
  const bench = radioBench();
  t.teardown(() => bench.cut());
  const network = serviceNetwork(bench.radio, times);
  const trust = { root: root.der, nowSeconds: HOST_NOW, ...wish.trust };
  const outcome = await network
    .request({ host, port }, trust, { ...GET, ...wish.request })
    .then((answer) => ({ ...answer, text: Buffer.from(answer.body).toString() }))
    .catch((error: unknown) => ({ code: isCoded(error) ? error.code : error }));
  return { outcome, heard };
}

test('a request goes out whole and its answer comes in whole, by name and by address', async (t) => {
  for (const host of NAMES) {
    const body = Buffer.from('{"nonce":"AA=="}');
    const { outcome, heard } = await asked(t, { host, request: { method: 'POST', body } });
    t.like(outcome, { status: 200, text: 'hi' });
    t.regex(heard[0] ?? '', /^POST \/device\/v1\/x HTTP\/1\.1\r\n/);
    t.regex(heard[0] ?? '', /content-type: application\/json\r\ncontent-length: 16\r\n[^]*\{"nonce":"AA=="\}$/i);
  }
});

test('a refusal of the service is an answer too', async (t) => {
  const answer = 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n';
  t.like((await asked(t, { serve: (socket) => socket.end(answer) })).outcome, { status: 503, text: 'no!' });
});

test('the server may send its root too', async (t) => {
  t.like((await asked(t, { chain: [PKI.leaf, PKI.ca, PKI.root] })).outcome, { status: 200 });
});

const LATER = HOST_NOW + 20 * 365 * DAY;
const then = (life: Life): Pki => servicePki({ root: life, ca: life, leaf: life });
const past = then({ from: HOST_NOW - 900 * DAY, to: HOST_NOW - 800 * DAY });
const future = then({ from: LATER - DAY, to: LATER + DAY });
const TIMES: readonly (readonly [why: string, pki: Pki, trust: Partial<ServiceTrust>, code: string | undefined])[] = [
  ['over by the host’s clock, valid at the trusted time', past, { nowSeconds: HOST_NOW - 850 * DAY }, undefined],
  ['not begun by the host’s clock, valid at the trusted time', future, { nowSeconds: LATER }, undefined],
  ['valid by the host’s clock, over at the trusted time', PKI, { nowSeconds: LATER }, 'service-certificate-expired'],
  ['valid by the host’s clock, not begun at the trusted time', PKI, { nowSeconds: 1000 }, 'service-not-trusted'],
  ['not begun at a floor of the time', PKI, { nowSeconds: 1000, nowIsFloor: true }, undefined],
  ['over at a floor of the time', PKI, { nowSeconds: LATER, nowIsFloor: true }, 'service-certificate-expired'],
  [
    'with a CA that is over',
    servicePki({ ca: { from: HOST_NOW - 9 * DAY, to: HOST_NOW - DAY } }),
    {},
    'service-certificate-expired',
  ],
  [
    'with a root that is over',
    servicePki({ root: { from: HOST_NOW - 9 * DAY, to: HOST_NOW - DAY } }),
    {},
    'service-certificate-expired',
  ],
];
for (const [why, { root, ca, leaf }, trust, code] of TIMES) {
  test(`a chain ${why}: ${code ?? 'believed'}`, async (t) => {
    const { outcome, heard } = await asked(t, { chain: [leaf, ca], root, trust });
    t.like(outcome, code === undefined ? { status: 200 } : { code });
    t.is(heard.length, code === undefined ? 1 : 0, 'nothing is sent to an end that is not believed');
  });
}

const server = { kind: 'leaf', purpose: 'server', names: NAMES } as const;
const clientCa = issued('Device CA', PKI.root, { kind: 'ca', pathLength: 0, purpose: 'client' });
const plainCa = issued('CA of anything', PKI.root, { kind: 'ca', pathLength: 0 });
const other = servicePki();
const selfSigned = issued('localhost', undefined, server);
const rootless = issued('localhost', PKI.root, server);
/** Says of itself that it is signed by the CA, and is by another key of that name. */
const forged = issued('localhost', { ...PKI.ca, privateKey: newKey() }, server);
const client = issued('device', PKI.ca, { kind: 'leaf', purpose: 'client', names: NAMES });
const deepRoot = issued('Deep', PKI.root, { kind: 'ca', pathLength: 1 });
const deepCa = issued('Deeper', deepRoot, { kind: 'ca', pathLength: 0, purpose: 'server' });

/** P-256, with parameters of its own choice as far as the encoding goes. */
const explicitKey = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).privateKey;

const DISTRUSTED: readonly (readonly [why: string, wish: Wish])[] = [
  ['a chain to another root', { chain: [other.leaf, other.ca, other.root] }],
  ['a chain to another root of the same name, without it', { chain: [other.leaf, other.ca] }],
  ['the right chain with another root behind it', { chain: [PKI.leaf, PKI.ca], root: other.root }],
  ['a certificate that signed itself', { chain: [selfSigned] }],
  ['a certificate of the root itself', { chain: [rootless] }],
  ['a certificate without its CA', { chain: [PKI.leaf] }],
  ['a certificate that the CA did not sign', { chain: [forged, PKI.ca] }],
  ['a name that is not in it', { chain: [issued('x', PKI.ca, { ...server, names: ['example.org'] }), PKI.ca] }],
  [
    'a name that is only its subject',
    { chain: [issued('localhost', PKI.ca, { kind: 'leaf', purpose: 'server' }), PKI.ca] },
  ],
  ['a wildcard', { chain: [issued('x', PKI.ca, { ...server, names: ['*'] }), PKI.ca] }],
  ['a certificate for a client', { chain: [client, PKI.ca] }],
  ['a server below the CA of clients', { chain: [issued('localhost', clientCa, server), clientCa] }],
  ['a server’s certificate that plays CA', { chain: [issued('localhost', PKI.leaf, server), PKI.leaf, PKI.ca] }],
  ['a CA as server', { chain: [PKI.ca, PKI.root] }],
  ['one CA too many', { chain: [issued('localhost', deepCa, server), deepCa, deepRoot] }],
  [
    'a key on a curve that is not known',
    { chain: [issued('localhost', PKI.ca, server, undefined, newKey('secp521r1')), PKI.ca] },
  ],
  [
    'a key whose curve is spelt out instead of named',
    { chain: [issued('localhost', PKI.ca, server, undefined, explicitKey), PKI.ca] },
  ],
  ['another address', { host: '127.0.0.1', chain: [issued('x', PKI.ca, { ...server, names: ['127.0.0.2'] }), PKI.ca] }],
];
for (const [why, wish] of DISTRUSTED) {
  test(`${why} is not trusted, and nothing is sent`, async (t) => {
    const { outcome, heard } = await asked(t, wish);
    t.deepEqual(outcome, { code: 'service-not-trusted' });
    t.deepEqual(heard, []);
  });
}

test('without a root that can be read nobody is trusted', async (t) => {
  const { outcome, heard } = await asked(t, { trust: { root: Uint8Array.of(0x30, 0x03, 1, 2, 3) } });
  t.deepEqual([outcome, heard], [{ code: 'service-not-trusted' }, []]);
});

test('a CA that is for anything may issue a server', async (t) => {
  t.like((await asked(t, { chain: [issued('localhost', plainCa, server), plainCa] })).outcome, { status: 200 });
});

test('the identity is shown to a server that asks for it, and only then is anything shown', async (t) => {
  const device = issued('device', clientCa, { kind: 'leaf', purpose: 'client' });
  const shown: string[] = [];
  const options = { requestCert: true, rejectUnauthorized: false, ca: pemOf(PKI.root) };
  const serve = (socket: TLSSocket): void => {
    socket.once('data', () => {
      shown.push(socket.authorized ? (socket.getPeerCertificate().subject.CN?.toString() ?? '') : 'nobody');
      socket.end(OK);
    });
  };
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], serve, options);
  const network = serviceNetwork(radioBench().radio);
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const identity = { ...rawKey(device), chain: pemOf(device, clientCa) };
  await network.request({ host: 'localhost', port }, trust, { ...GET, identity });
  await network.request({ host: 'localhost', port }, trust, GET);
  t.deepEqual(shown, ['device', 'nobody']);
});

test('the service that Casemate brings is believed by its root, and sees who asks', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'casemate-service-'));
  const service = await serviceBench(state);
  t.teardown(async () => {
    await service.close();
    rmSync(state, { recursive: true });
  });
  const root = Uint8Array.from(new X509Certificate(readFileSync(join(state, 'service/root-ca.pem'))).raw);
  const { d = '' } = createPrivateKey(service.operator).export({ format: 'jwk' });
  const privateKey = Uint8Array.from(Buffer.from(d, 'base64url'));
  const identity = { privateKey, publicKey: new Uint8Array(65), chain: service.operator };
  const address = { host: 'localhost', port: Number(new URL(service.url).port) };
  const path = '/subscriptions/a/providers/Microsoft.AzureSphere/catalogs?api-version=2024-04-01';
  const network = serviceNetwork(radioBench().radio);
  // Its certificates were made a moment ago.
  const trust = { root, nowSeconds: Math.ceil(Date.now() / 1000) };
  const named = await network.request(address, trust, { ...GET, path, identity });
  t.deepEqual([named.status, Buffer.from(named.body).toString().slice(0, 9)], [200, '{"value":']);
  const stranger = await t.throwsAsync(network.request(address, trust, { ...GET, path }));
  t.like(stranger, { code: 'service-cut-off' });
});

test('a server that refuses the client’s certificate cuts the connection off', async (t) => {
  const device = issued('device', undefined, { kind: 'leaf', purpose: 'client' });
  const options = { requestCert: true, rejectUnauthorized: true, ca: pemOf(PKI.root) };
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => socket.end(OK), options);
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const identity = { ...rawKey(device), chain: pemOf(device) };
  const sent = serviceNetwork(radioBench().radio).request({ host: 'localhost', port }, trust, { ...GET, identity });
  t.like(await t.throwsAsync(sent), { code: 'service-cut-off' });
});

const say = (text: string) => (socket: TLSSocket) => void socket.write(text);
const head = (headers: string): string => `HTTP/1.1 200 OK\r\n${headers}\r\n`;
const BAD: readonly (readonly [why: string, code: string, serve: (socket: TLSSocket) => void])[] = [
  ['no HTTP', 'service-answer-malformed', say('220 mail.example ESMTP\r\n')],
  ['a header with a bare line feed in it', 'service-answer-malformed', say(head('A: b\nX: y\r\n'))],
  ['two lengths', 'service-answer-malformed', say(head('Content-Length: 2\r\nContent-Length: 3\r\n'))],
  ['length and chunks', 'service-answer-malformed', say(head('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'))],
  [
    'a body that only the end of the connection ends',
    'service-answer-malformed',
    (socket) => socket.end(`${head('')}hi`),
  ],
  ['another protocol', 'service-answer-malformed', say('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')],
  ['headers beyond their bound', 'service-answer-too-large', say(head(`A: ${'x'.repeat(20_000)}\r\n`))],
  ['headers that never end', 'service-answer-too-large', say(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(10_000)}`)],
  ['a length beyond the bound', 'service-answer-too-large', say(head('Content-Length: 1025\r\n'))],
  [
    'chunks beyond the bound',
    'service-answer-too-large',
    say(`${head('Transfer-Encoding: chunked\r\n')}401\r\n${'x'.repeat(0x401)}\r\n`),
  ],
  ['nothing, and closes', 'service-cut-off', (socket) => socket.end()],
  ['half a body, and closes', 'service-cut-off', (socket) => socket.end(`${head('Content-Length: 9\r\n')}hi`)],
  [
    'half a chunk, and closes',
    'service-cut-off',
    (socket) => socket.end(`${head('Transfer-Encoding: chunked\r\n')}5\r\nhi`),
  ],
  [
    'half a body, and breaks off',
    'service-cut-off',
    (socket) => {
      socket.write(`${head('Content-Length: 9\r\n')}hi`, () => socket.destroy());
    },
  ],
];
for (const [why, code, serve] of BAD) {
  test(`a service that answers ${why}: ${code}`, async (t) => {
    t.deepEqual((await asked(t, { serve })).outcome, { code });
  });
}

const drip = (text: string, everyMs: number) => (socket: TLSSocket) => {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), everyMs);
  socket.once('close', () => clearInterval(timer));
};
const SLOW: readonly (readonly [why: string, serve: (socket: TLSSocket) => void])[] = [
  ['never answers', () => undefined],
  ['sends its head byte by byte for ever', drip(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(1000)}`, 5)],
  ['stops in the middle of a body', say(`${head('Content-Length: 9\r\n')}hi`)],
  [
    'sends its body byte by byte for ever',
    (socket) => {
      say(head('Content-Length: 1000\r\n'))(socket);
      drip('x', 5)(socket);
    },
  ],
];
for (const [why, serve] of SLOW) {
  test(`a service that ${why} times out`, async (t) => {
    t.deepEqual((await asked(t, { serve, times: HASTY })).outcome, { code: 'service-timed-out' });
  });
}

test('an end that does not speak TLS is not trusted, one that is not there is unreachable', async (t) => {
  const plain = createServer((socket) =>
    socket
      .on('error', () => socket.destroy())
      .resume()
      .end('hello\r\n'.repeat(10)),
  );
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const { port } = plain.address() as { port: number };
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const network = serviceNetwork(radioBench().radio);
  t.like(await t.throwsAsync(network.request({ host: '127.0.0.1', port }, trust, GET)), {
    code: 'service-not-trusted',
  });
  await new Promise((resolve) => plain.close(resolve));
  t.like(await t.throwsAsync(network.request({ host: '127.0.0.1', port }, trust, GET)), {
    code: 'service-unreachable',
  });
});

test('with the radio off, cut off before, or asked for what is no host, the service is unreachable', async (t) => {
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const off = radioBench();
  off.accessPoint.obey({ do: 'radio', power: 'off' });
  const gone = radioBench();
  gone.cut();
  for (const [radio, host] of [
    [off.radio, 'localhost'],
    [gone.radio, 'localhost'],
    [radioBench().radio, '/run/docker.sock'],
  ] as const) {
    const sent = serviceNetwork(radio).request({ host, port: 443 }, trust, GET);
    t.like(await t.throwsAsync(sent), { code: 'service-unreachable' }, host);
  }
});

test('a cut in the middle of a download is a cut, and the next request goes through', async (t) => {
  const body = 'x'.repeat(300_000);
  const serve = (socket: TLSSocket): void => {
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  };
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], serve);
  const { radio, accessPoint } = radioBench();
  const network = serviceNetwork(radio);
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const request = { ...GET, maxBytes: body.length };
  accessPoint.obey({ do: 'radio-cut', afterBytes: 150_000 });
  const cut = await t.throwsAsync(network.request({ host: 'localhost', port }, trust, request));
  t.like(cut, { code: 'service-cut-off' });
  t.is((await network.request({ host: 'localhost', port }, trust, request)).body.length, body.length);
});

test('a radio that goes off cuts off what is under way', async (t) => {
  const { radio, accessPoint } = radioBench();
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => {
    socket.once('data', () => accessPoint.obey({ do: 'radio', power: 'off' }));
  });
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const sent = serviceNetwork(radio).request({ host: 'localhost', port }, trust, GET);
  t.like(await t.throwsAsync(sent), { code: 'service-cut-off' });
});

test('an identity that TLS does not take opens no connection, and fails alone', async (t) => {
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => void socket.once('data', () => socket.end(OK)));
  const bench = radioBench();
  const network = serviceNetwork(bench.radio);
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const chain = `${pemOf(client)}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  const identity = { ...rawKey(client), chain };
  // More than the radio has streams: each that stayed open would be one less until the next boot.
  for (let round = 0; round < 10; round++)
    await t.throwsAsync(network.request({ host: 'localhost', port }, trust, { ...GET, identity }));
  t.is((await network.request({ host: 'localhost', port }, trust, GET)).status, 200);
  // What was left open would now be lost, as a rejection that nobody waits for, and that ends the OS.
  bench.cut();
  await new Promise((resolve) => setImmediate(resolve));
});

test('a body that comes in single bytes takes no more memory than one in one piece', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const size = 256 * 1024;
  const pieces = Buffer.from('1\r\nx\r\n'.repeat(size));
  const asked = Promise.withResolvers<TLSSocket>();
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (server) => {
    server.once('data', () => {
      server.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      server.write(pieces);
      asked.resolve(server);
    });
  });
  const wire = connect(port, '127.0.0.1');
  const network = serviceNetwork({ connect: () => wire });
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const answer = network.request({ host: 'localhost', port }, trust, { ...GET, maxBytes: size });
  const socket = await asked.promise;
  while (wire.bytesRead < pieces.length) await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const kept = process.memoryUsage().heapUsed - before;
  socket.end('0\r\n\r\n');
  t.is((await answer).body.length, size);
  t.true(kept < 8 * 1024 * 1024, `${kept} bytes of heap for ${size} of body`);
});

test('a request that waits does not hold up the others', async (t) => {
  const waiting = Promise.withResolvers<TLSSocket>();
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => {
    socket.once('data', (chunk: Buffer) => {
      if (chunk.includes('/slow ')) waiting.resolve(socket);
      else socket.end(OK);
    });
  });
  const network = serviceNetwork(radioBench().radio);
  const trust = { root: PKI.root.der, nowSeconds: HOST_NOW };
  const address = { host: 'localhost', port };
  const slow = network.request(address, trust, { ...GET, path: '/slow' });
  const held = await waiting.promise;
  const others = await Promise.all(Array.from({ length: 5 }, () => network.request(address, trust, GET)));
  t.deepEqual(
    others.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  held.end(OK);
  t.is((await slow).status, 200);
});
