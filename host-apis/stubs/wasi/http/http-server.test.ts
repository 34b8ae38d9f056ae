// An app that serves HTTP, from its compiled handler down to this host's sockets: what clients get, and what hostile ones do.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { connect } from 'node:net';
import { wasiParts } from '../../../../test/oracle/wasi/install.ts';
import { httpHandler, serveApp } from '../../../../test/support/http-handler.ts';
import type { ServedApp } from '../../../../test/support/http-handler.ts';

/** Without the WIT of WASI: left out by name. */
async function served(t: ExecutionContext, ports: readonly number[] = [8080]): Promise<ServedApp | undefined> {
  const parts = wasiParts(t);
  return parts === undefined ? undefined : serveApp(t, await httpHandler(parts), ports);
}

/** Says this in one piece, and hears to the end. */
async function said(app: ServedApp, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: await app.port() });
  socket.on('error', () => socket.destroy());
  socket.write(text, 'latin1');
  let heard = '';
  for await (const chunk of socket as AsyncIterable<Uint8Array>) heard += new TextDecoder().decode(chunk);
  return heard;
}
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) \r\n/.exec(answer)?.[1] ?? 0);
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

test('requests are answered one after the other, with and without a body', async (t) => {
  const app = await served(t);
  if (app === undefined) return;
  const url = `http://127.0.0.1:${await app.port()}`;
  t.is(await (await fetch(`${url}/a?b=c`)).text(), '/a?b=c');
  const body = 'x'.repeat(300_000);
  t.is(await (await fetch(`${url}/`, { method: 'POST', body })).text(), `/${body}`);
  const stream = new ReadableStream({
    start(controller) {
      for (const part of ['one', 'two']) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const chunked = await fetch(`${url}/`, { method: 'PUT', body: stream, duplex: 'half' });
  t.is(await chunked.text(), '/onetwo');
  const all = await Promise.all(['/1', '/2', '/3', '/4'].map(async (path) => (await fetch(url + path)).text()));
  t.deepEqual(all, ['/1', '/2', '/3', '/4']);
  app.session.terminate();
  t.deepEqual(await app.ended, { kind: 'exit', exitCode: 0 });
  await app.session.ended();
  t.is(app.network.openOf(1), 0);
  t.is(app.session.budget.buffers.used, 0);
});

test('an answer to HEAD and one to HTTP/1.0 end where the client looks for their end', async (t) => {
  const app = await served(t);
  if (app === undefined) return;
  const head = await said(app, 'HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n');
  t.is(statusOf(head), 200);
  t.true(head.endsWith('\r\n\r\n'));
  const old = await said(app, 'GET /x HTTP/1.0\r\n\r\n');
  t.true(old.endsWith('\r\n\r\n/x'));
  t.notRegex(old, /chunked/);
  const waited = await said(app, `${POST}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n`);
  t.is(statusOf(waited), 200);
});

test('a client that waits for a word is told to go on', async (t) => {
  const app = await served(t);
  if (app === undefined) return;
  const socket = connect({ host: '127.0.0.1', port: await app.port() });
  socket.write(`${POST}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n`);
  let heard = '';
  for await (const chunk of socket as AsyncIterable<Uint8Array>) {
    if (heard === '') socket.write('abc');
    heard += new TextDecoder().decode(chunk);
  }
  t.regex(heard, /abc/);
});

for (const [what, path] of [
  ['never answers', '/n'],
  ['answers an error', '/e'],
] as const) {
  test(`a handler that ${what} is a 500, and the next request is served`, async (t) => {
    const app = await served(t);
    if (app === undefined) return;
    const url = `http://127.0.0.1:${await app.port()}`;
    t.is((await fetch(url + path)).status, 500);
    t.is((await fetch(`${url}/a`)).status, 200);
  });
}

test('a handler that traps is a 500, and the end of the app', async (t) => {
  const app = await served(t);
  if (app === undefined) return;
  t.is((await fetch(`http://127.0.0.1:${await app.port()}/t`)).status, 500);
  t.is((await app.ended).kind, 'trap');
});

for (const [what, path] of [
  ['is left in the middle', '/h'],
  ['ends in a trap', '/s'],
] as const) {
  test(`an answer that ${what} does not look whole to its client`, async (t) => {
    const app = await served(t);
    if (app === undefined) return;
    const answer = await said(app, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.is(statusOf(answer), 200);
    t.notRegex(answer, /\r\n0\r\n\r\n$/);
  });
}

/** A second request in what two readers would take for one. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
const SMUGGLED: readonly (readonly [why: string, said: string, status: number])[] = [
  ['two lengths', `${POST}Content-Length: 0\r\nContent-Length: 35\r\n\r\n${HIDDEN}`, 400],
  ['a length and chunks', `${POST}Content-Length: 35\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
  ['chunks in disguise', `${POST}Transfer-Encoding: x chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 501],
  ['a folded header', `${POST}X: y\r\n Content-Length: 35\r\n\r\n${HIDDEN}`, 400],
  ['a line feed alone', `${POST}X: y\nContent-Length: 35\r\n\r\n${HIDDEN}`, 400],
  ['a space before the colon', `${POST}Content-Length : 35\r\n\r\n${HIDDEN}`, 400],
  ['a chunk whose length is none', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${HIDDEN}`, 400],
  ['a chunk that is longer than it says', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`, 400],
  ['a chunk line that ends with a line feed alone', `${POST}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`, 400],
  ['a head that is too long', `${POST}X: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['a body that is too long', `${POST}Content-Length: 999999999\r\n\r\n`, 413],
];
test('no request hides in another one, and each refusal is the only answer', async (t) => {
  const app = await served(t);
  if (app === undefined) return;
  for (const [why, text, status] of SMUGGLED) {
    const answer = await said(app, text);
    t.is(statusOf(answer), status, why);
    t.is(answer.split('HTTP/1.1').length, 2, why);
    t.notRegex(answer, /hidden/, why);
  }
  const twice = await said(app, `GET /a HTTP/1.1\r\nHost: a\r\n\r\n${HIDDEN}`);
  t.is(twice.split('HTTP/1.1').length, 2, 'what follows the first request is not looked at');
  t.is((await fetch(`http://127.0.0.1:${await app.port()}/`)).status, 200, 'and the next client is served');
});

for (const [what, ports] of [
  ['no port', []],
  ['two ports', [80, 8080]],
] as const) {
  test(`a handler with ${what} in its manifest is refused by name`, async (t) => {
    const app = await served(t, ports);
    if (app === undefined) return;
    const ended = await app.ended;
    t.is(ended.kind === 'refused' && ended.code, ports.length === 0 ? 'import-not-granted' : 'http-port-not-one');
  });
}
