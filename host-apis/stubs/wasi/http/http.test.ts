// wasi:http as a guest calls it, down to servers on this host: requests, answers, redirects that are not followed, and servers that lie.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import type { Case, Value } from '../../../../component/value-types.ts';
import type { NetworkBench, NetworkGuest } from '../../../../test/support/network-guest.ts';
import { networkBench } from '../../../../test/support/network-guest.ts';
import { codedErrorsOnly } from '../../../../test/support/coded-errors-only.ts';
import { BodyReader } from './body-reader.ts';
import { HTTP_ERROR } from './http-types.ts';
import { ResponseHeadReader } from './response-head.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (given: Uint8Array) => new TextDecoder().decode(given);
const NONE: Case = { index: 0, value: undefined };
const some = (value: Value): Case => ({ index: 1, value });

async function httpServer(
  t: ExecutionContext,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that says exactly this to whoever connects, and hangs up. */
async function liar(t: ExecutionContext, said: string): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(said, 'latin1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Asked {
  readonly method?: number;
  readonly path?: string;
  readonly authority?: string;
  readonly scheme?: number;
  readonly fields?: readonly (readonly [string, string])[];
  readonly body?: readonly string[];
}

function bench(t: ExecutionContext, port: number): NetworkBench & { readonly app: NetworkGuest } {
  const made = networkBench(t);
  made.accessPoint.obey({ do: 'radio-host', name: 'api.example', address: '127.0.0.1', port });
  return { ...made, app: made.guest(1, { hosts: ['api.example'] }) };
}

const nameOf = (error: Value): string => HTTP_ERROR.cases[(error as Case).index]?.name ?? '?';

/** The whole answer as text, or the error's name. */
async function fetched(guest: NetworkGuest, asked: Asked = {}): Promise<string> {
  const T = 'http/types ';
  const list = (asked.fields ?? []).map(([name, value]) => [name, bytes(value)]);
  const fields = (await guest.ask(`${T}[static]fields.from-list`, list)) as number;
  const request = (await guest.call(`${T}[constructor]outgoing-request`, fields)) as number;
  const set = (what: string, value: Value) => guest.ask(`${T}[method]outgoing-request.set-${what}`, request, value);
  await set('method', { index: asked.method ?? 0, value: undefined });
  await set('path-with-query', some(asked.path ?? '/'));
  await set('authority', some(asked.authority ?? 'api.example'));
  await set('scheme', some({ index: asked.scheme ?? 0, value: undefined }));
  const body = asked.body && ((await guest.ask(`${T}[method]outgoing-request.body`, request)) as number);
  const future = (await guest.ask('http/outgoing-handler handle', request, NONE)) as number | { readonly error: Value };
  if (typeof future !== 'number') return nameOf(future.error);
  if (body !== undefined) {
    const stream = (await guest.ask(`${T}[method]outgoing-body.write`, body)) as number;
    for (const part of asked.body ?? [])
      await guest.ask('io/streams [method]output-stream.blocking-write-and-flush', stream, bytes(part));
    guest.drop('io/streams output-stream', stream);
    await guest.ask(`${T}[static]outgoing-body.finish`, body, NONE);
  }
  const pollable = (await guest.call(`${T}[method]future-incoming-response.subscribe`, future)) as number;
  await guest.call('io/poll [method]pollable.block', pollable);
  const { value: outer } = (await guest.call(`${T}[method]future-incoming-response.get`, future)) as Case;
  const { index, value: response } = (outer as Case).value as Case;
  if (index === 1) return nameOf(response);
  const status = Number(await guest.call(`${T}[method]incoming-response.status`, response));
  const held = (await guest.ask(`${T}[method]incoming-response.consume`, response)) as number;
  const content = await readAll(guest, (await guest.ask(`${T}[method]incoming-body.stream`, held)) as number);
  await guest.call(`${T}[static]incoming-body.finish`, held);
  return `${status} ${content}`;
}

async function readAll(guest: NetworkGuest, stream: number): Promise<string> {
  let all = '';
  for (;;) {
    const part = await guest.ask('io/streams [method]input-stream.blocking-read', stream, 65_536n);
    if (part instanceof Uint8Array) all += text(part);
    else {
      const { index, value } = (part as { readonly error: Case }).error;
      if (index === 1) return all;
      const code = (await guest.call('http/types http-error-code', Number(value))) as Case;
      return `${all}|${nameOf(code.value)}`;
    }
  }
}

test('a request goes out with its headers, and the answer comes back whole; the connection is given back', async (t) => {
  const port = await httpServer(t, (request, response) => {
    response.end(`${request.method} ${request.url} ${request.headers.host} ${String(request.headers['x-mine'])}`);
  });
  const { app, network } = bench(t, port);
  const answer = await fetched(app, { path: '/a?b=c', fields: [['X-Mine', 'yes']] });
  t.is(answer, '200 GET /a?b=c api.example yes');
  await app.end();
  t.is(network.openOf(1), 0);
});

test('a body goes out in chunks, or as long as it was announced; a megabyte comes back', async (t) => {
  const port = await httpServer(t, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const coding = request.headers['transfer-encoding'] ?? request.headers['content-length'];
      if (request.url === '/big') response.end('x'.repeat(1 << 20));
      else response.end(`${String(coding)}: ${Buffer.concat(parts).toString()}`);
    });
  });
  const { app } = bench(t, port);
  t.is(await fetched(app, { method: 2, body: ['one ', 'two'] }), '200 chunked: one two');
  t.is(await fetched(app, { method: 2, body: ['seven!!'], fields: [['content-length', '7']] }), '200 7: seven!!');
  t.is((await fetched(app, { path: '/big' })).length, 4 + (1 << 20));
});

test('a redirect is an answer; the host that it points to is as closed as ever', async (t) => {
  const port = await httpServer(t, (_request, response) =>
    response.writeHead(302, { location: 'http://evil.example/' }).end(),
  );
  const { app, audit } = bench(t, port);
  t.is(await fetched(app), '302 ');
  t.is(await fetched(app, { authority: 'evil.example' }), 'HTTP-request-denied');
  t.deepEqual(
    audit.denials.map(({ layer, resource }) => [layer, resource]),
    [['broker', 'host:evil.example']],
  );
});

const refused: readonly (readonly [why: string, asked: Asked, error: string])[] = [
  ['this host by its address', { authority: '127.0.0.1:80' }, 'HTTP-request-denied'],
  ['a name one label longer', { authority: 'x.api.example' }, 'HTTP-request-denied'],
  ['https', { scheme: 1 }, 'TLS-protocol-error'],
  ['a tunnel', { method: 5 }, 'HTTP-request-method-invalid'],
  ['port 0', { authority: 'api.example:0' }, 'HTTP-request-URI-invalid'],
  ['a length that is none', { fields: [['content-length', '-1']] }, 'HTTP-request-body-size'],
];
for (const [why, asked, error] of refused) {
  test(`no request to ${why}`, async (t) => {
    t.is(await fetched(bench(t, 9).app, asked), error);
  });
}

test('nothing of the guest gets into the head of a request but fields and a path', async (t) => {
  const guest = bench(t, 9).app;
  const T = 'http/types ';
  const fields = (await guest.call(`${T}[constructor]fields`)) as number;
  const append = async (name: string, value: string) =>
    ((await guest.call(`${T}[method]fields.append`, fields, name, bytes(value))) as Case).index === 0;
  t.true(await append('x-fine', 'ä value'));
  for (const [name, value] of [
    ['x-bad', 'a\r\nhost: evil.example'],
    ['x bad', 'a'],
    ['', 'a'],
    ['Host', 'evil.example'],
    ['transfer-encoding', 'chunked'],
  ] as const)
    t.false(await append(name, value), name);
  const request = (await guest.call(`${T}[constructor]outgoing-request`, fields)) as number;
  const set = async (what: string, value: Value) =>
    ((await guest.call(`${T}[method]outgoing-request.set-${what}`, request, value)) as Case).index === 0;
  for (const path of ['/a b', '/a\r\nx: y', 'http://evil.example/'])
    t.false(await set('path-with-query', some(path)), path);
  for (const authority of ['a@b', 'a b', 'a/b', '']) t.false(await set('authority', some(authority)), authority);
  t.false(await set('method', { index: 9, value: 'GET /' }));
});

const OK = 'HTTP/1.1 200 OK\r\n';
const answers: readonly (readonly [why: string, said: string, answer: string])[] = [
  ['an answer that ends with the connection', `${OK}\r\nhello`, '200 hello'],
  ['an announcement before the answer', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`, '200 hi'],
  ['chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nTrailer: t\r\n\r\n`, '200 abcde'],
  ['more than was announced', `${OK}Content-Length: 2\r\n\r\nhihi`, '200 hi'],
  ['half a body', `${OK}Content-Length: 9\r\n\r\nhi`, '200 hi|HTTP-response-incomplete'],
  ['half a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n9\r\nhi`, '200 hi|HTTP-response-incomplete'],
  ['a chunk without its end', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhiX\r\n`, '200 |HTTP-protocol-error'],
  ['nothing', '', 'connection-terminated'],
  ['no HTTP', '220 smtp.example\r\n\r\n', 'HTTP-protocol-error'],
  ['length and chunks', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`, 'HTTP-protocol-error'],
  ['two lengths', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi`, 'HTTP-protocol-error'],
  ['a line that goes on', `${OK}A: b\r\n c\r\n\r\n`, 'HTTP-protocol-error'],
  ['a bare line feed', `${OK}A: b\nC: d\r\n\r\n`, 'HTTP-protocol-error'],
  ['another coding', `${OK}Transfer-Encoding: gzip\r\n\r\n`, 'HTTP-response-transfer-coding'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'HTTP-protocol-error'],
  ['a head without end', `${OK}${'A: b\r\n'.repeat(5000)}`, 'HTTP-response-header-section-size'],
];
for (const [why, said, answer] of answers) {
  test(`a server that answers ${why}: ${answer}`, async (t) => {
    t.is(await fetched(bench(t, await liar(t, said)).app), answer);
  });
}

test('a radio that cuts a download is an incomplete answer', async (t) => {
  const port = await httpServer(t, (_request, response) => response.end('x'.repeat(10_000)));
  const made = bench(t, port);
  made.accessPoint.obey({ do: 'radio-cut', afterBytes: 2000 });
  t.regex(await fetched(made.app), /^200 x+\|HTTP-response-incomplete$/);
});

test('whatever a server sends, only coded errors come out of its reading', (t) => {
  const seeds = answers.slice(0, 4).map(([, said]) => bytes(said));
  const read = (given: Uint8Array): void => {
    const whole = new ResponseHeadReader().push(given, false);
    if (whole !== undefined) new BodyReader(whole.head.body).push(whole.rest);
  };
  codedErrorsOnly(t, read, seeds, [
    'HTTP-protocol-error',
    'HTTP-response-header-section-size',
    'HTTP-response-transfer-coding',
  ]);
});

test('a head is read the same in any pieces', (t) => {
  const said = bytes(`${OK}Content-Length: 5\r\nX: y\r\n\r\nhello`);
  const whole = new ResponseHeadReader().push(said, false);
  const law = fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }), (sizes) => {
    const reader = new ResponseHeadReader();
    let at = 0;
    for (const size of [...sizes, said.length]) {
      const got = reader.push(said.subarray(at, at + size), false);
      at += size;
      if (got === undefined) continue;
      t.deepEqual(got.head, whole?.head);
      return;
    }
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});
