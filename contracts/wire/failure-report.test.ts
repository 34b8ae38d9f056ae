import { verify } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { EvidenceSigner } from '../../test/support/evidence.ts';
import type { CborValue } from '../core/cbor.ts';
import { encodeCbor } from '../core/cbor.ts';
import { COSE_SIGN1_TAG, encodeSign1, sign1SignedBytes } from '../core/cose-sign1.ts';
import type { FailureReport, FailureReportErrorCode, ReportEvent } from './failure-report.ts';
import {
  FailureReportError,
  REPORT_CATEGORIES,
  REPORT_EVENT_KEY,
  REPORT_MAX_BYTES,
  REPORT_MAX_EVENTS,
  REPORT_TEXT_MAX,
  decodeFailureReport,
  decodeSignedReport,
  encodeFailureReport,
} from './failure-report.ts';

const deviceId = 'ab'.repeat(64);
const event: ReportEvent = {
  id: new Uint8Array(16).fill(7),
  category: 'AppCrash',
  componentId: '00000000-0000-4000-8000-00000000000a',
  imageId: '00000000-0000-4000-8000-00000000000b',
  detail: 'unreachable',
  count: 2,
  startSeconds: 1_800_000_000,
  endSeconds: 1_800_000_060,
};
const report = (changes: Partial<Record<keyof ReportEvent, unknown>> = {}): FailureReport => {
  return { deviceId, events: [{ ...event, ...changes } as ReportEvent] };
};
const signer = new EvidenceSigner();
const signed = (payload: Uint8Array): Uint8Array => encodeSign1(payload, signer.sign(sign1SignedBytes(payload)));

test('a report comes back from its bytes as it was, and its signature is over what it says', (t) => {
  const guid = fc.uuid().map((id) => id.toLowerCase());
  const seconds = fc.nat({ max: 2 ** 37 });
  const events = fc.array(
    fc
      .record({
        id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        category: fc.constantFrom(...REPORT_CATEGORIES),
        componentId: guid,
        imageId: fc.oneof(guid, fc.constant('')),
        detail: fc.stringMatching(/^[ -~]{0,256}$/),
        count: fc.integer({ min: 1, max: 0xffff_ffff }),
        startSeconds: seconds,
        lasting: fc.nat(),
      })
      .map(({ lasting, ...fields }) => ({ ...fields, endSeconds: fields.startSeconds + lasting })),
    { minLength: 1, maxLength: 8 },
  );
  const law = fc.property(events, (list) => {
    const told = { deviceId, events: list };
    const decoded = decodeSignedReport(signed(encodeFailureReport(told)));
    t.deepEqual(decoded.report, told);
    const key = { key: signer.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    t.true(verify('sha256', decoded.signedBytes, key, decoded.signature));
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('the largest report that the bounds allow fits its size', (t) => {
  const largest = { ...event, detail: 'x'.repeat(REPORT_TEXT_MAX), count: 0xffff_ffff, endSeconds: 253_402_300_799 };
  const payload = encodeFailureReport({ deviceId, events: Array.from({ length: REPORT_MAX_EVENTS }, () => largest) });
  t.true(payload.length <= REPORT_MAX_BYTES, `${payload.length} bytes`);
  t.is(decodeFailureReport(payload).events.length, REPORT_MAX_EVENTS);
});

const fields = (changes: readonly (readonly [number, CborValue | undefined])[]): Uint8Array => {
  const map = new Map<CborValue, CborValue>([
    [1, event.id],
    [2, event.category],
    [3, event.componentId],
    [4, event.imageId],
    [5, event.detail],
    [6, 1],
    [7, 5],
    [8, 6],
  ]);
  for (const [key, value] of changes) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return encodeCbor(new Map<CborValue, CborValue>([[1, new Uint8Array(64)], [2, [map]]])); // prettier-ignore
};

const REFUSED: readonly (readonly [why: string, payload: Uint8Array, code: FailureReportErrorCode])[] = [
  ['more than its bound', new Uint8Array(REPORT_MAX_BYTES + 1), 'report-too-large'],
  ['no bytes', new Uint8Array(0), 'report-malformed'],
  ['a list', encodeCbor([]), 'report-malformed'],
  ['bytes after its end', Uint8Array.of(...fields([]), 0), 'report-malformed'],
  ['a key that is not ours', encodeCbor(new Map<CborValue, CborValue>([[1, 0], [2, 0], [3, 0]])), 'report-malformed'], // prettier-ignore
  ['an event without a count', fields([[6, undefined]]), 'report-malformed'],
  ['an event with a ninth field', fields([[9, 1]]), 'report-malformed'],
  ['half a device id', encodeFailureReport({ ...report(), deviceId: 'ab'.repeat(32) }), 'report-field-malformed'],
  ['no events', encodeFailureReport({ deviceId, events: [] }), 'report-field-malformed'],
  [
    'more events than its bound',
    encodeFailureReport({
      deviceId,
      events: Array.from({ length: REPORT_MAX_EVENTS + 1 }, () => ({ ...event, detail: '' })),
    }),
    'report-field-malformed',
  ],
  ['an id of 15 bytes', fields([[1, new Uint8Array(15)]]), 'report-field-malformed'],
  ['a category of nobody', fields([[2, 'AppParty']]), 'report-field-malformed'],
  ['a component id in capitals', fields([[3, event.componentId.toUpperCase()]]), 'report-field-malformed'],
  ['an image id that is a path', fields([[4, '../../x']]), 'report-field-malformed'],
  ['a detail that steers a terminal', fields([[5, '\u001b[2J']]), 'report-field-malformed'],
  ['a detail of 257 characters', fields([[5, 'x'.repeat(257)]]), 'report-field-malformed'],
  ['a count of 0', fields([[6, 0]]), 'report-field-malformed'],
  ['a count beyond 32 bits', fields([[6, 2 ** 32]]), 'report-field-malformed'],
  ['a time beyond the year 9999', fields([[8, 253_402_300_800]]), 'report-field-malformed'],
  ['a time of 64 bits', fields([[8, 2n ** 63n]]), 'report-field-malformed'],
  ['an end before its start', fields([[8, 4]]), 'report-field-malformed'],
];
for (const [why, payload, code] of REFUSED) {
  test(`decodeFailureReport() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeFailureReport(payload), { instanceOf: FailureReportError })?.code, code);
  });
}

const payload = encodeFailureReport(report());
const HEADER = encodeCbor(new Map([[1, -7]]));
const message = ({
  header = HEADER,
  unprotected = new Map() as CborValue,
  signature = new Uint8Array(64),
} = {}): Uint8Array => encodeCbor({ tag: COSE_SIGN1_TAG, value: [header, unprotected, payload, signature] });

const REFUSED_MESSAGES: readonly (readonly [why: string, message: Uint8Array, code: FailureReportErrorCode])[] = [
  ['more than its bound', new Uint8Array(REPORT_MAX_BYTES + 129), 'report-too-large'],
  ['a payload alone', payload, 'report-malformed'],
  ['a signature of 63 bytes', message({ signature: new Uint8Array(63) }), 'report-malformed'],
  ['an algorithm outside the signature', message({ unprotected: new Map([[1, -7]]) }), 'report-malformed'],
  ['a second parameter', message({ header: encodeCbor(new Map([[1, -7], [4, 0]])) }), 'report-malformed'], // prettier-ignore
  ['a header of no parameters', message({ header: new Uint8Array(0) }), 'report-malformed'],
  ['EdDSA', message({ header: encodeCbor(new Map([[1, -8]])) }), 'report-algorithm-unsupported'],
];
for (const [why, bytes, code] of REFUSED_MESSAGES) {
  test(`decodeSignedReport() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeSignedReport(bytes), { instanceOf: FailureReportError })?.code, code);
  });
}

test('decodeSignedReport() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes: readonly FailureReportErrorCode[] = [
    'report-too-large',
    'report-malformed',
    'report-algorithm-unsupported',
    'report-field-malformed',
  ];
  codedErrorsOnly(t, decodeSignedReport, [signed(payload), message()], codes);
  codedErrorsOnly(t, decodeFailureReport, [payload, fields([])], codes);
});

test('every field of an event has a number of its own', (t) => {
  const numbers = Object.values(REPORT_EVENT_KEY);
  t.is(new Set(numbers).size, numbers.length);
});
