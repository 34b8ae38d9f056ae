// Reads what a service answers a device, from bytes of any origin. Never says that an answer is true: time and claim are signed, and
// the monitor checks them; certificates are compared with the keys that were asked for.

import { CLAIM_STATEMENT_BYTES } from '../core/claim-statement.ts';
import { CodedError } from '../core/coded-error.ts';
import { ES256_SIGNATURE_BYTES } from '../core/cose-sign1.ts';
import { fromBase64 } from './base64.ts';
import { DEVICE_API_MAX_BYTES, SERVICE_NONCE_BYTES } from './device-api.ts';
import { REPORT_MAX_EVENTS } from './failure-report.ts';
import type { ShapeErrorCode } from './json-shape.ts';
import { ShapeReader, isJsonObject } from './json-shape.ts';
import type { JsonObject, JsonValue } from './json-text.ts';

/** `details`: `path` in the answer, `problem`: the `ShapeErrorCode` of what is wrong there. */
export type DeviceAnswerErrorCode = 'service-answer-malformed';
export class DeviceAnswerError extends CodedError<DeviceAnswerErrorCode> {}

export interface SignedTime {
  /** Since 1970, at most the end of the year 9999. */
  readonly seconds: number;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
}

export interface ServiceNonce {
  /** 48 bytes. */
  readonly nonce: Uint8Array;
  readonly expiresInSeconds: number;
}

export interface AttestedDevice {
  /** 256 bytes: a claim statement, of which nothing but the size was checked. */
  readonly claim: Uint8Array;
  /** PEM, 1 to 6 certificates each, leaf first. */
  readonly certificates: { readonly update: string; readonly customer: string };
}

/** Why the service said no, in its own words. */
export interface ServiceSaysNo {
  /** Lower-case words with hyphens, at most 64 characters. */
  readonly code: string;
  /** Without control characters, at most 512 characters. */
  readonly message: string;
  /** The claim of the evidence that was not accepted. */
  readonly claim: string | undefined;
}

/** 9999-12-31T23:59:59Z: what RFC 5280, section 4.1.2.5 can say, and what every date library can. */
const SECONDS_MAX = 253_402_300_799;
const MESSAGE_MAX = 512;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const CLAIM = /^[A-Za-z][A-Za-z0-9 .:-]{0,63}$/;
/** RFC 7468, section 3, in its strict form, one certificate after another. */
const CHAIN =
  /^(?:-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/]{1,76}={0,2}\r?\n){1,200}-----END CERTIFICATE-----(?:\r?\n|$)){1,6}$/;
const CHAIN_MAX_LENGTH = 16 * 1024;

type Reader = ShapeReader<ShapeErrorCode>;

/** The answer to `time`. Errors: `service-answer-malformed`. */
export function readTimeAnswer(body: Uint8Array): SignedTime {
  return readAnswer(body, ['seconds', 'signature'], (reader, answer) => {
    const seconds = integer(reader, answer, 'seconds', SECONDS_MAX);
    const signature = byteString(reader, answer, 'signature', ES256_SIGNATURE_BYTES);
    return seconds === undefined || signature === undefined ? undefined : { seconds, signature };
  });
}

/** The answer to `nonce`. Errors: `service-answer-malformed`. */
export function readNonceAnswer(body: Uint8Array): ServiceNonce {
  return readAnswer(body, ['nonce', 'expiresInSeconds'], (reader, answer) => {
    const nonce = byteString(reader, answer, 'nonce', SERVICE_NONCE_BYTES);
    const expiresInSeconds = integer(reader, answer, 'expiresInSeconds', 24 * 3600);
    return nonce === undefined || expiresInSeconds === undefined ? undefined : { nonce, expiresInSeconds };
  });
}

/** The answer to `attest`. Errors: `service-answer-malformed`. */
export function readAttestAnswer(body: Uint8Array): AttestedDevice {
  return readAnswer(body, ['claim', 'certificates'], (reader, answer) => {
    const claim = byteString(reader, answer, 'claim', CLAIM_STATEMENT_BYTES);
    const place = '$.certificates';
    const both = reader.object(reader.required(answer, '$', 'certificates'), place, ['update', 'customer']);
    if (both === undefined) return undefined;
    const update = chain(reader, reader.required(both, place, 'update'), `${place}.update`);
    const customer = chain(reader, reader.required(both, place, 'customer'), `${place}.customer`);
    if (claim === undefined || update === undefined || customer === undefined) return undefined;
    return { claim, certificates: { update, customer } };
  });
}

/** The answer to `reports`: how many events were stored. Errors: `service-answer-malformed`. */
export function readReportAnswer(body: Uint8Array): number {
  return readAnswer(body, ['accepted'], (reader, answer) => integer(reader, answer, 'accepted', REPORT_MAX_EVENTS));
}

/** A body with a status of 4xx or 5xx. `details` may hold more than we know. Errors: `service-answer-malformed`. */
export function readRefusal(body: Uint8Array): ServiceSaysNo {
  return readAnswer(body, ['error'], (reader, answer) => {
    const error = reader.object(reader.required(answer, '$', 'error'), '$.error', [
      'code',
      'message',
      'hint',
      'details',
    ]);
    if (error === undefined) return undefined;
    const code = reader.string(reader.required(error, '$.error', 'code'), '$.error.code');
    const message = reader.string(reader.required(error, '$.error', 'message'), '$.error.message');
    if (code === undefined || message === undefined) return undefined;
    if (!CODE.test(code)) return malformed(reader, '$.error.code', 'no code');
    const claim = textOf(error.get('details'), 'claim');
    return { code, message: forPeople(message), claim: claim !== undefined && CLAIM.test(claim) ? claim : undefined };
  });
}

function readAnswer<Answer>(
  body: Uint8Array,
  keys: readonly string[],
  read: (reader: Reader, answer: JsonObject) => Answer | undefined,
): Answer {
  const reader: Reader = new ShapeReader();
  const value = reader.text(body, { maxBytes: DEVICE_API_MAX_BYTES.answer });
  const object = reader.object(value, '$', keys);
  const answer = object === undefined ? undefined : read(reader, object);
  const [problem] = reader.problems;
  if (answer !== undefined && problem === undefined) return answer;
  const { path = '$', message = 'no answer', code = 'value-malformed' } = problem ?? {};
  const details = { path: forPeople(path), problem: code };
  throw new DeviceAnswerError('service-answer-malformed', forPeople(`${path}: ${message}`), { details });
}

function integer(reader: Reader, answer: JsonObject, key: string, max: number): number | undefined {
  return reader.integer(reader.required(answer, '$', key), `$.${key}`, { min: 0, max });
}

function byteString(reader: Reader, answer: JsonObject, key: string, length: number): Uint8Array | undefined {
  const text = reader.string(reader.required(answer, '$', key), `$.${key}`);
  const bytes = text === undefined ? undefined : fromBase64(text);
  if (bytes?.length === length) return bytes;
  return text === undefined ? undefined : malformed(reader, `$.${key}`, `no base64 of ${length} bytes`);
}

function chain(reader: Reader, value: JsonValue | undefined, path: string): string | undefined {
  const text = reader.string(value, path);
  if (text === undefined || (text.length <= CHAIN_MAX_LENGTH && CHAIN.test(text))) return text;
  return malformed(reader, path, 'no PEM certificates');
}

function malformed(reader: Reader, path: string, what: string): undefined {
  reader.refuse('value-malformed', path, what, 'write what the device API says');
}

function textOf(value: JsonValue | undefined, key: string): string | undefined {
  const text = isJsonObject(value) ? value.get(key) : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** Nothing that a terminal obeys: a service may be another one than it says. */
function forPeople(text: string): string {
  return text.slice(0, MESSAGE_MAX).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
