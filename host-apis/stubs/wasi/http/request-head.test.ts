import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../../../test/support/coded-errors-only.ts';
import { HEAD_MAX_BYTES } from './head-lines.ts';
import type { RequestErrorCode, RequestHead } from './request-head.ts';
import { REQUEST_BODY_MAX_BYTES, REQUEST_ERROR_STATUS, RequestError, RequestHeadReader } from './request-head.ts';

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n';

function read(said: Uint8Array, piece = said.length): RequestHead | undefined {
  const reader = new RequestHeadReader();
  for (let at = 0; at < said.length; at += piece) {
    const done = reader.push(said.subarray(at, at + piece));
    if (done !== undefined) return done.head;
  }
  return undefined;
}

function codeOf(text: string): RequestErrorCode | 'read' | 'not whole' {
  try {
    return read(bytes(text)) === undefined ? 'not whole' : 'read';
  } catch (error) {
    if (error instanceof RequestError) return error.code;
    throw error;
  }
}

const TABLE: readonly (readonly [why: string, said: string, outcome: ReturnType<typeof codeOf>])[] = [
  ['the least that there is', `${GET}\r\n`, 'read'],
  ['HTTP/1.0 needs no host', 'GET / HTTP/1.0\r\n\r\n', 'read'],
  ['a method of its own', 'BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n', 'read'],
  ['all of the server', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'read'],
  ['a target as proxies get it', 'GET http://A/x HTTP/1.1\r\nHost: a\r\n\r\n', 'read'],
  ['a body in chunks', `${GET}Transfer-Encoding: Chunked\r\n\r\n`, 'read'],
  ['not yet its end', GET, 'not whole'],
  // Which of the two would the next reader believe?
  ['two lengths', `${GET}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 'request-malformed'],
  ['two equal lengths', `${GET}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, 'request-malformed'],
  ['a list of lengths', `${GET}Content-Length: 1, 1\r\n\r\n`, 'request-malformed'],
  ['a length and chunks', `${GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'request-malformed'],
  ['chunks twice', `${GET}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, 'request-malformed'],
  ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'request-malformed'],
  ['a length with a sign', `${GET}Content-Length: +1\r\n\r\n`, 'request-malformed'],
  ['a length in hex', `${GET}Content-Length: 0x1\r\n\r\n`, 'request-malformed'],
  ['a length that is none', `${GET}Content-Length: \r\n\r\n`, 'request-malformed'],
  ['a folded line', `${GET}X: a\r\n b\r\n\r\n`, 'request-malformed'],
  ['a space before the colon', `${GET}Content-Length : 1\r\n\r\n`, 'request-malformed'],
  ['a line without a colon', `${GET}nothing\r\n\r\n`, 'request-malformed'],
  ['line feeds alone', 'GET / HTTP/1.1\nHost: a\n\n', 'request-malformed'],
  ['one line feed alone', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n', 'request-malformed'],
  ['a carriage return alone', `${GET}X: a\rb\r\n\r\n`, 'request-malformed'],
  ['a zero byte', `${GET}X: a\0b\r\n\r\n`, 'request-malformed'],
  ['two spaces', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'request-malformed'],
  ['a third word', 'GET / x HTTP/1.1\r\nHost: a\r\n\r\n', 'request-malformed'],
  ['an empty line first', `\r\n${GET}\r\n`, 'request-malformed'],
  ['HTTP/0.9', 'GET /\r\n\r\n', 'request-malformed'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 'request-malformed'],
  ['two hosts', `${GET}Host: b\r\n\r\n`, 'request-malformed'],
  ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 'request-malformed'],
  ['a target of another host', 'GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n', 'request-malformed'],
  ['a target that is no path', 'GET a HTTP/1.1\r\nHost: a\r\n\r\n', 'request-malformed'],
  ['a fragment', 'GET /#a HTTP/1.1\r\nHost: a\r\n\r\n', 'request-malformed'],
  // TLS to a port that speaks none.
  ['a ClientHello', '\x16\x03\x01\x02\x00\x01\n', 'request-malformed'],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\n', 'request-version-unknown'],
  ['a tunnel', 'CONNECT b:1 HTTP/1.1\r\nHost: a\r\n\r\n', 'request-not-implemented'],
  ['another coding', `${GET}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'request-not-implemented'],
  ['chunks in disguise', `${GET}Transfer-Encoding: xchunked\r\n\r\n`, 'request-not-implemented'],
  ['too long a body', `${GET}Content-Length: ${REQUEST_BODY_MAX_BYTES + 1}\r\n\r\n`, 'request-body-too-large'],
  ['the longest body', `${GET}Content-Length: ${REQUEST_BODY_MAX_BYTES}\r\n\r\n`, 'read'],
  ['too long a head', `${GET}X: ${'a'.repeat(HEAD_MAX_BYTES)}\r\n\r\n`, 'request-head-too-large'],
  ['a head without an end', `${GET}X: ${'a'.repeat(HEAD_MAX_BYTES)}`, 'request-head-too-large'],
  ['too long a target', `GET /${'a'.repeat(8000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'request-head-too-large'],
];
for (const [why, said, outcome] of TABLE) {
  test(`a request: ${why}`, (t) => {
    t.is(codeOf(said), outcome);
  });
}

test('what belongs to the connection is not shown to the guest', (t) => {
  const head = read(bytes(`${GET}Connection: x\r\nUpgrade: y\r\nX-Mine: z\r\n\r\n`));
  t.deepEqual(
    head?.fields.map(([name]) => name),
    ['X-Mine'],
  );
  t.is(head?.authority, 'a');
});

test('every refusal has a status of its own', (t) => {
  const statuses = Object.values(REQUEST_ERROR_STATUS);
  t.is(new Set(statuses).size, statuses.length);
});

test('a head is read in the same way in whatever pieces it comes', (t) => {
  const whole = bytes(`${GET}A: b\r\nContent-Length: 3\r\n\r\nabc`);
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), (piece) => t.deepEqual(read(whole, piece), read(whole))));
});

test('random and mutated requests are read or refused with a code', (t) => {
  const seeds = TABLE.flatMap(([, said, outcome]) => (outcome === 'read' ? [bytes(said)] : []));
  codedErrorsOnly(t, (said) => read(said, 7), seeds, Object.keys(REQUEST_ERROR_STATUS));
});
