// What a device tells its service about what went wrong or was updated: few events, in few bytes, under the device's signature.

import type { CborValue } from '../core/cbor.ts';
import { encodeCbor } from '../core/cbor.ts';
import { CodedError } from '../core/coded-error.ts';
import {
  COSE_ES256,
  COSE_HEADER,
  COSE_SIGN1_TAG,
  ES256_SIGNATURE_BYTES,
  sign1SignedBytes,
} from '../core/cose-sign1.ts';
import { deviceIdFromBytes, hexToBytes } from '../core/ids.ts';
import { decodeCbor, untagged } from './evidence-cbor.ts';

export const REPORT_MAX_EVENTS = 64;
export const REPORT_MAX_BYTES = 32 * 1024;
export const REPORT_TEXT_MAX = 256;

/** Azure Sphere's words for event categories, as far as there are any. */
export const REPORT_CATEGORIES = ['AppCrash', 'AppExit', 'AppUpdate', 'AppUpdateRefused'] as const;
export type ReportCategory = (typeof REPORT_CATEGORIES)[number];

/** Payload: a CBOR map, 1: device id (64 bytes), 2: a list of events, each a map of 1 id, 2 category, 3 component id, 4 image id, 5 detail, 6 count, 7 start, 8 end. */
export interface FailureReport {
  readonly deviceId: string;
  readonly events: readonly ReportEvent[];
}

export interface ReportEvent {
  /** 16 random bytes: a report that is sent again adds nothing. */
  readonly id: Uint8Array;
  readonly category: ReportCategory;
  readonly componentId: string;
  readonly imageId: string;
  /** Printable ASCII, at most 256: exit code, trap message, refusal code. */
  readonly detail: string;
  readonly count: number;
  /** Seconds since 1970 by the monitor's time, of the first and the last of `count`. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/** Of the payload's map, and of each event's. A key that was given out is never used for something else. */
export const REPORT_KEY = { deviceId: 1, events: 2 } as const;
export const REPORT_EVENT_KEY = {
  id: 1,
  category: 2,
  componentId: 3,
  imageId: 4,
  detail: 5,
  count: 6,
  start: 7,
  end: 8,
} as const;
export const REPORT_EVENT_ID_BYTES = 16;

export type FailureReportErrorCode =
  | 'report-too-large'
  /** Not one map of this form in deterministic CBOR; or, of a signed one, not one tagged COSE_Sign1 message around it. */
  | 'report-malformed'
  | 'report-algorithm-unsupported'
  /** `details.field` names it. */
  | 'report-field-malformed';
export class FailureReportError extends CodedError<FailureReportErrorCode> {}

/** A report whose form holds, and what its signature has to be checked over. */
export interface SignedFailureReport {
  readonly report: FailureReport;
  /** ECDSA P-256 with SHA-256 over these. */
  readonly signedBytes: Uint8Array;
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
}

/** 9999-12-31T23:59:59Z. */
const SECONDS_MAX = 253_402_300_799;
const COUNT_MAX = 0xffff_ffff;
const GUID_OR_NOTHING = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/;
/** Printable ASCII alone: these are shown on terminals and pages. */
const DETAIL = new RegExp(`^[\\x20-\\x7e]{0,${REPORT_TEXT_MAX}}$`);
/** Tag, header and signature around a payload. */
const SIGN1_ROOM = 128;

type CborMap = ReadonlyMap<unknown, unknown>;

/** The payload, deterministic; what it holds is the caller's to keep within the bounds. Errors: `id-malformed`, `CborErrorCode`. */
export function encodeFailureReport({ deviceId, events }: FailureReport): Uint8Array {
  return encodeCbor(
    new Map<CborValue, CborValue>([
      [REPORT_KEY.deviceId, hexToBytes(deviceId)],
      [REPORT_KEY.events, events.map(eventMap)],
    ]),
  );
}

function eventMap(event: ReportEvent): CborValue {
  return new Map<CborValue, CborValue>([
    [REPORT_EVENT_KEY.id, event.id],
    [REPORT_EVENT_KEY.category, event.category],
    [REPORT_EVENT_KEY.componentId, event.componentId],
    [REPORT_EVENT_KEY.imageId, event.imageId],
    [REPORT_EVENT_KEY.detail, event.detail],
    [REPORT_EVENT_KEY.count, event.count],
    [REPORT_EVENT_KEY.start, event.startSeconds],
    [REPORT_EVENT_KEY.end, event.endSeconds],
  ]);
}

/** The payload alone, of any origin. Errors: `FailureReportErrorCode`. */
export function decodeFailureReport(payload: Uint8Array): FailureReport {
  if (payload.length > REPORT_MAX_BYTES) throw new FailureReportError('report-too-large', `${payload.length} bytes`);
  const map = decodeCbor(payload);
  if (!hasKeys(map, REPORT_KEY)) throw malformed('the payload is no map of device and events');
  const deviceId = field(map, REPORT_KEY, 'deviceId', (value): value is Uint8Array => isBytes(value, 64));
  const events = field(map, REPORT_KEY, 'events', isEventList);
  return { deviceId: deviceIdFromBytes(deviceId), events: events.map(readEvent) };
}

/** A message `encodeSign1(payload, signature)` of any origin. Errors: `FailureReportErrorCode`. */
export function decodeSignedReport(message: Uint8Array): SignedFailureReport {
  if (message.length > REPORT_MAX_BYTES + SIGN1_ROOM)
    throw new FailureReportError('report-too-large', `${message.length} bytes`);
  const parts = untagged(decodeCbor(message), COSE_SIGN1_TAG);
  if (!Array.isArray(parts) || parts.length !== 4) throw malformed('not a tagged COSE_Sign1 message');
  const [header, unprotected, payload, signature] = parts as readonly unknown[];
  if (!isBytes(header) || !isMap(unprotected) || !isBytes(payload)) throw malformed('not COSE_Sign1');
  if (!isBytes(signature, ES256_SIGNATURE_BYTES)) throw malformed('no signature of 64 bytes');
  checkHeaders(decodeCbor(header), unprotected);
  return { report: decodeFailureReport(payload), signedBytes: sign1SignedBytes(payload, header), signature };
}

/** Our own messages have the algorithm in the signed header and nothing else anywhere. */
function checkHeaders(header: unknown, unprotected: CborMap): void {
  if (!isMap(header) || header.size !== 1 || unprotected.size !== 0) throw malformed('parameters that are not ours');
  if (header.get(COSE_HEADER.algorithm) !== COSE_ES256)
    throw new FailureReportError('report-algorithm-unsupported', 'not ES256');
}

function readEvent(value: unknown): ReportEvent {
  if (!hasKeys(value, REPORT_EVENT_KEY)) throw malformed('an event is no map of its fields');
  const event = {
    id: field(value, REPORT_EVENT_KEY, 'id', (id): id is Uint8Array => isBytes(id, REPORT_EVENT_ID_BYTES)),
    category: field(value, REPORT_EVENT_KEY, 'category', isCategory),
    componentId: field(value, REPORT_EVENT_KEY, 'componentId', isGuidOrNothing),
    imageId: field(value, REPORT_EVENT_KEY, 'imageId', isGuidOrNothing),
    detail: field(
      value,
      REPORT_EVENT_KEY,
      'detail',
      (detail): detail is string => typeof detail === 'string' && DETAIL.test(detail),
    ),
    count: field(value, REPORT_EVENT_KEY, 'count', isWithin(1, COUNT_MAX)),
    startSeconds: field(value, REPORT_EVENT_KEY, 'start', isWithin(0, SECONDS_MAX)),
    endSeconds: field(value, REPORT_EVENT_KEY, 'end', isWithin(0, SECONDS_MAX)),
  };
  if (event.endSeconds < event.startSeconds) throw fieldMalformed('end');
  return event;
}

/** Exactly these keys: a field that only a newer reader knows would be lost without a word. */
function hasKeys(value: unknown, keys: Readonly<Record<string, number>>): value is CborMap {
  return isMap(value) && value.size === Object.keys(keys).length && Object.values(keys).every((key) => value.has(key));
}

function field<Name extends string, Value>(
  map: CborMap,
  keys: Readonly<Record<Name, number>>,
  name: Name,
  is: (value: unknown) => value is Value,
): Value {
  const value = map.get(keys[name]);
  if (!is(value)) throw fieldMalformed(name);
  return value;
}

const isMap = (value: unknown): value is CborMap => value instanceof Map;
const isBytes = (value: unknown, length?: number): value is Uint8Array =>
  value instanceof Uint8Array && (length === undefined || value.length === length);
const isEventList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length >= 1 && value.length <= REPORT_MAX_EVENTS;
const isCategory = (value: unknown): value is ReportCategory => REPORT_CATEGORIES.some((name) => name === value);
const isGuidOrNothing = (value: unknown): value is string => typeof value === 'string' && GUID_OR_NOTHING.test(value);
const isWithin =
  (min: number, max: number) =>
  (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

function malformed(what: string): FailureReportError {
  return new FailureReportError('report-malformed', what);
}

function fieldMalformed(name: string): FailureReportError {
  return new FailureReportError('report-field-malformed', `${name} is not what it has to be`, {
    details: { field: name },
  });
}
