import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { DEVICE_API_MAX_BYTES } from './device-api.ts';
import {
  DeviceAnswerError,
  readAttestAnswer,
  readNonceAnswer,
  readRefusal,
  readReportAnswer,
  readTimeAnswer,
} from './device-answers.ts';

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const base64 = (length: number): string => Buffer.alloc(length, 5).toString('base64');
const certificate = `-----BEGIN CERTIFICATE-----\n${`${'MIIB'.repeat(16)}\n`.repeat(9)}MIIBkA==\n-----END CERTIFICATE-----\n`;
const chain = certificate.repeat(3);

const time = { seconds: 1_800_000_000, signature: base64(64) };
const nonce = { nonce: base64(48), expiresInSeconds: 300 };
const attested = { claim: base64(256), certificates: { update: chain, customer: chain } };
const refusal = {
  error: { code: 'evidence-refused', message: 'no', hint: 'update', details: { claim: 'app:x', more: [1, { a: 2 }] } },
};

test('the answers of an honest service are read', (t) => {
  t.deepEqual(readTimeAnswer(encode(time)), { seconds: 1_800_000_000, signature: new Uint8Array(64).fill(5) });
  t.deepEqual(readNonceAnswer(encode(nonce)), { nonce: new Uint8Array(48).fill(5), expiresInSeconds: 300 });
  t.deepEqual(readAttestAnswer(encode(attested)), {
    claim: new Uint8Array(256).fill(5),
    certificates: { update: chain, customer: chain },
  });
  t.is(readReportAnswer(encode({ accepted: 3 })), 3);
  t.deepEqual(readRefusal(encode(refusal)), { code: 'evidence-refused', message: 'no', claim: 'app:x' });
  t.deepEqual(readRefusal(encode({ error: { code: 'x', message: 'y' } })), {
    code: 'x',
    message: 'y',
    claim: undefined,
  });
});

const withUpdate = (update: unknown) => ({ ...attested, certificates: { ...attested.certificates, update } });
const withError = (more: object) => ({ error: { ...refusal.error, ...more } });
const REFUSED: readonly (readonly [
  why: string,
  read: (body: Uint8Array) => unknown,
  body: Uint8Array,
  problem: string,
])[] = [
  ['a time answer of no bytes', readTimeAnswer, new Uint8Array(0), 'json-syntax'],
  ['a page of a proxy', readTimeAnswer, new TextEncoder().encode('<html>'), 'json-syntax'],
  [
    'an answer beyond its bound',
    readTimeAnswer,
    new Uint8Array(DEVICE_API_MAX_BYTES.answer + 1).fill(32),
    'json-too-large',
  ],
  ['a list', readTimeAnswer, encode([time]), 'value-type-wrong'],
  ['nothing', readTimeAnswer, encode(null), 'value-type-wrong'],
  ['a key that the API does not have', readTimeAnswer, encode({ ...time, zone: 1 }), 'key-unknown'],
  ['a time without its signature', readTimeAnswer, encode({ seconds: 1 }), 'key-missing'],
  ['a time before 1970', readTimeAnswer, encode({ ...time, seconds: -1 }), 'value-out-of-range'],
  ['half a second', readTimeAnswer, encode({ ...time, seconds: 0.5 }), 'value-out-of-range'],
  ['a time beyond the year 9999', readTimeAnswer, encode({ ...time, seconds: 253_402_300_800 }), 'value-out-of-range'],
  ['a signature of 63 bytes', readTimeAnswer, encode({ ...time, signature: base64(63) }), 'value-malformed'],
  [
    'a signature with a line feed',
    readTimeAnswer,
    encode({ ...time, signature: `${base64(64)}\n` }),
    'value-malformed',
  ],
  ['a signature as a list', readTimeAnswer, encode({ ...time, signature: [1] }), 'value-type-wrong'],
  ['a nonce of 32 bytes', readNonceAnswer, encode({ ...nonce, nonce: base64(32) }), 'value-malformed'],
  ['a nonce for ever', readNonceAnswer, encode({ ...nonce, expiresInSeconds: 1e9 }), 'value-out-of-range'],
  ['half a claim', readAttestAnswer, encode({ ...attested, claim: base64(128) }), 'value-malformed'],
  ['certificates as a list', readAttestAnswer, encode({ ...attested, certificates: [chain] }), 'value-type-wrong'],
  [
    'a third certificate',
    readAttestAnswer,
    encode({ ...attested, certificates: { update: chain, customer: chain, x: chain } }),
    'key-unknown',
  ],
  ['no certificate', readAttestAnswer, encode(withUpdate('')), 'value-malformed'],
  [
    'a private key',
    readAttestAnswer,
    encode(withUpdate(chain.replaceAll('CERTIFICATE', 'PRIVATE KEY'))),
    'value-malformed',
  ],
  ['text before a certificate', readAttestAnswer, encode(withUpdate(`subject=x\n${chain}`)), 'value-malformed'],
  ['seven certificates', readAttestAnswer, encode(withUpdate(certificate.repeat(7))), 'value-malformed'],
  [
    'a chain beyond its bound',
    readAttestAnswer,
    encode(
      withUpdate(
        `-----BEGIN CERTIFICATE-----\n${`${'A'.repeat(76)}\n`.repeat(199)}-----END CERTIFICATE-----\n`.repeat(2),
      ),
    ),
    'value-malformed',
  ],
  ['a report answer of text', readReportAnswer, encode({ accepted: '3' }), 'value-type-wrong'],
  ['more events than a report has', readReportAnswer, encode({ accepted: 65 }), 'value-out-of-range'],
  ['a refusal without an error', readRefusal, encode({}), 'key-missing'],
  ['a refusal whose code is a sentence', readRefusal, encode(withError({ code: 'No way' })), 'value-malformed'],
  ['a refusal whose code is a number', readRefusal, encode(withError({ code: 403 })), 'value-type-wrong'],
  ['an error of another API', readRefusal, encode(withError({ innererror: {} })), 'key-unknown'],
];
for (const [why, read, body, problem] of REFUSED) {
  test(`${why} is no answer`, (t) => {
    const error = t.throws(() => read(body), { instanceOf: DeviceAnswerError });
    t.like(error, { code: 'service-answer-malformed', details: { problem } });
  });
}

test('a service’s words steer no terminal', (t) => {
  const { message, claim } = readRefusal(
    encode(withError({ message: `\u001b[2J\u202eok${'x'.repeat(600)}`, details: { claim: '\u001b[0m' } })),
  );
  t.is(message.slice(0, 6), ' [2J o');
  t.true(message.length <= 512);
  t.is(claim, undefined);
});

test('a key that steers a terminal is not told as it is', (t) => {
  const error = t.throws(() => readTimeAnswer(encode({ ...time, '\u001b[2J': 1 })), { instanceOf: DeviceAnswerError });
  t.notRegex(`${error?.message}${JSON.stringify(error?.details)}`, /\p{Cc}/u);
});

test('whatever bytes come back, a reader throws its own code alone', (t) => {
  const codes = ['service-answer-malformed'];
  codedErrorsOnly(t, readTimeAnswer, [encode(time)], codes);
  codedErrorsOnly(t, readNonceAnswer, [encode(nonce)], codes);
  codedErrorsOnly(t, readAttestAnswer, [encode(attested)], codes);
  codedErrorsOnly(t, readReportAnswer, [encode({ accepted: 0 })], codes);
  codedErrorsOnly(t, readRefusal, [encode(refusal)], codes);
});
