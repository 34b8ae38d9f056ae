import test from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { ComponentId, DeviceId, ImageId } from '../../../contracts/core/ids.ts';
import { codedErrorsOnly } from '../../../test/support/coded-errors-only.ts';
import type { SecureRequest, SecureResults } from './codec.ts';
import {
  SECURE_PART_MAX_BYTES,
  UNREADABLE_TAG,
  decodeSecureReply,
  decodeSecureRequest,
  decodeSecureResult,
  encodeSecureError,
  encodeSecureEvent,
  encodeSecureRequest,
  encodeSecureResult,
} from './codec.ts';
import { SECURE_CALL, SECURE_CALL_ERRORS } from './secure-call.ts';
import type { SecureCall } from './secure-call.ts';

const COMPONENT = 'aabbccdd-0000-4000-8000-000000000001' as ComponentId;
const IMAGE = 'aabbccdd-0000-8000-8000-000000000002' as ImageId;

const ARGUMENTS: { readonly [Call in SecureCall]: SecureRequest & { readonly call: Call } } = {
  describe: { call: 'describe' },
  measurements: { call: 'measurements' },
  stageBegin: { call: 'stageBegin', length: 70_000 },
  stageWrite: { call: 'stageWrite', offset: 32_768, bytes: Uint8Array.of(1, 2, 3) },
  stageInstall: { call: 'stageInstall' },
  listImages: { call: 'listImages' },
  removeImage: { call: 'removeImage', componentId: COMPONENT },
  readImage: { call: 'readImage', componentId: COMPONENT, section: 'manifest', offset: 5, length: 100 },
  launch: { call: 'launch', componentId: COMPONENT },
  stop: { call: 'stop', context: 7 },
  usage: { call: 'usage', context: 7 },
  applyCapability: { call: 'applyCapability', file: new Uint8Array(256).fill(9) },
  capability: { call: 'capability' },
  removeCapability: { call: 'removeCapability' },
  firewall: { call: 'firewall' },
  violations: { call: 'violations', first: 12 },
  reset: { call: 'reset' },
  attest: { call: 'attest', nonce: new Uint8Array(48).fill(7), keys: true },
  timeNonce: { call: 'timeNonce' },
  setTime: {
    call: 'setTime',
    nonce: new Uint8Array(32).fill(1),
    seconds: 1_800_000_000,
    signature: new Uint8Array(64).fill(2),
  },
  trustedTime: { call: 'trustedTime' },
  bindClaim: { call: 'bindClaim', statement: new Uint8Array(256).fill(3) },
  claim: { call: 'claim' },
  readRecord: { call: 'readRecord', record: 'tufTimestamp' },
  writeRecord: { call: 'writeRecord', record: 'reports', bytes: Uint8Array.of(1, 2) },
  keystoreFile: { call: 'keystoreFile', file: 'serviceCa' },
  readStorage: { call: 'readStorage', componentId: COMPONENT, offset: 5, length: 32768 },
  writeStorage: { call: 'writeStorage', componentId: COMPONENT, total: 9, offset: 7, bytes: Uint8Array.of(1, 2) },
  random: { call: 'random', length: 16 },
};

const image = {
  componentId: COMPONENT,
  imageId: IMAGE,
  rollbackIndex: 4,
  packageBytes: 999,
  trust: 'service',
  running: true,
} as const;
const row = {
  name: 'os: clock',
  master: 'a7Normal',
  contexts: [0, 7],
  base: 0x3803_0000,
  size: 4096,
  read: true,
  write: false,
  execute: false,
  locked: true,
} as const;
const violation = {
  master: 'm4Core1',
  context: 3,
  access: 'execute',
  address: 0xffff_ffff,
  atNs: 2n ** 63n,
  region: 'unmapped',
} as const;

const RESULTS: SecureResults = {
  describe: {
    deviceId: 'ab'.repeat(64) as DeviceId,
    lifecycle: 'DeviceComplete',
    contexts: 8,
    applicationsBytes: 1 << 20,
    memoryLimitBytes: 262144,
    board: 'mt3620_rdb',
  },
  measurements: [{ stage: 'engine', digest: new Uint8Array(32).fill(3), rollbackIndex: 0, name: 'v26.10.0' }],
  stageBegin: undefined,
  stageWrite: undefined,
  stageInstall: image,
  listImages: [image, { ...image, trust: 'development', running: false }],
  removeImage: undefined,
  readImage: Uint8Array.of(4, 5),
  launch: { context: 3, memoryBytes: 65536, placement: 'thread' },
  stop: undefined,
  applyCapability: undefined,
  capability: { rights: ['appDevelopment', 'rfTest'], serial: 2n ** 40n },
  removeCapability: undefined,
  firewall: { rows: [row], violations: 7 },
  violations: { total: 300, records: [violation] },
  reset: undefined,
  attest: {
    evidence: Uint8Array.of(0xd2, 0x84),
    keys: [
      { purpose: 'update', privateKey: new Uint8Array(32).fill(5), publicKey: new Uint8Array(65).fill(6) },
      { purpose: 'customer', privateKey: new Uint8Array(32).fill(7), publicKey: new Uint8Array(65).fill(8) },
    ],
  },
  timeNonce: new Uint8Array(32).fill(4),
  setTime: undefined,
  trustedTime: { isSet: true, seconds: 1_800_000_000 },
  bindClaim: undefined,
  claim: { catalogId: COMPONENT, publisherKeyId: new Uint8Array(32).fill(9), epoch: 3 },
  readRecord: Uint8Array.of(1, 2, 3),
  writeRecord: undefined,
  keystoreFile: Uint8Array.of(0x30, 0x82),
  readStorage: Uint8Array.of(4, 5),
  writeStorage: undefined,
  random: Uint8Array.of(6, 7, 8),
  usage: { memoryBytes: 2 ** 40, cpuNs: 5 },
};

const body = (frame: Uint8Array): Uint8Array => frame.subarray(4);
const CALLS = Object.keys(SECURE_CALL) as SecureCall[];

test('every request comes back from its frame as it was', (t) => {
  for (const call of CALLS) {
    const frame = encodeSecureRequest(77, ARGUMENTS[call]);
    t.is(new DataView(frame.buffer).getUint32(0, true), frame.length - 4);
    t.deepEqual(decodeSecureRequest(body(frame)), { ok: true, tag: 77, request: ARGUMENTS[call] }, call);
  }
});

test('every result comes back from its frame as it was', (t) => {
  for (const call of CALLS) {
    const reply = decodeSecureReply(body(encodeSecureResult(5, call, RESULTS[call])));
    t.true(reply.kind === 'reply' && reply.ok && reply.tag === 5, call);
    if (reply.kind === 'reply' && reply.ok) t.deepEqual(decodeSecureResult(call, reply.body), RESULTS[call], call);
  }
});

test('a thing that is not there is told from an empty one', (t) => {
  const roundTrip = <Call extends SecureCall>(call: Call, result: SecureResults[Call]): void => {
    const reply = decodeSecureReply(body(encodeSecureResult(5, call, result)));
    if (reply.kind === 'reply' && reply.ok) t.deepEqual(decodeSecureResult(call, reply.body), result, call);
    else t.fail(call);
  };
  roundTrip('claim', undefined);
  roundTrip('claim', { catalogId: COMPONENT, publisherKeyId: undefined, epoch: 1 });
  roundTrip('readRecord', undefined);
  roundTrip('readRecord', new Uint8Array(0));
  roundTrip('attest', { evidence: new Uint8Array(40 * 1024), keys: [] });
  roundTrip('trustedTime', { isSet: false, seconds: 0 });
});

test('no capability is told from a capability without rights', (t) => {
  for (const facts of [undefined, { rights: [], serial: 1n }]) {
    const reply = decodeSecureReply(body(encodeSecureResult(5, 'capability', facts)));
    if (reply.kind === 'reply' && reply.ok) t.deepEqual(decodeSecureResult('capability', reply.body), facts);
    else t.fail();
  }
});

test('every error code comes back, with its detail cut to 256 bytes', (t) => {
  for (const error of SECURE_CALL_ERRORS) {
    const detail = 'x'.repeat(400);
    t.deepEqual(decodeSecureReply(body(encodeSecureError(9, error, detail))), {
      kind: 'reply',
      tag: 9,
      ok: false,
      error,
      detail: 'x'.repeat(256),
    });
  }
});

test('the ended event keeps how an app ended', (t) => {
  for (const how of [
    { kind: 'exited', exitCode: 254 },
    { kind: 'signal', signal: 9 },
  ] as const) {
    const ended = { context: 2, how, lastWords: 'casemate trap unreachable\n' };
    t.deepEqual(decodeSecureReply(body(encodeSecureEvent(ended))), { kind: 'ended', ended });
  }
});

const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const header = (tag: number, version: number, call: number, ...rest: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, tag, true);
  view.setUint16(4, version, true);
  view.setUint16(6, call, true);
  return Uint8Array.of(...new Uint8Array(view.buffer), ...rest);
};

test('decodeSecureRequest() answers what is no request with its code, under the tag where there is one', (t) => {
  const rows: readonly [Uint8Array, string, number][] = [
    // Nothing at all: no tag to answer under.
    [new Uint8Array(0), 'call-malformed', UNREADABLE_TAG],
    // A tag cut short.
    [Uint8Array.of(1, 0), 'call-malformed', UNREADABLE_TAG],
    // Tag 0 is the events'.
    [header(0, 1, SECURE_CALL.describe), 'call-malformed', UNREADABLE_TAG],
    // A call of a later version.
    [header(3, 2, SECURE_CALL.describe), 'abi-version-unsupported', 3],
    // Numbers that were never given out.
    [header(3, 1, 0), 'call-unknown', 3],
    [header(3, 1, 999), 'call-unknown', 3],
    // Too few and too many arguments.
    [header(3, 1, SECURE_CALL.stop), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.stop, 1, 1), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.describe, 0), 'call-malformed', 3],
    // A section that does not exist.
    [
      header(3, 1, SECURE_CALL.readImage, ...new Array<number>(16).fill(0), 9, 0, 0, 0, 0, 1, 0, 0, 0),
      'call-malformed',
      3,
    ],
    // Nonces of other lengths than RFC 9783's: nothing else of the caller's choice may come to be signed.
    [header(3, 1, SECURE_CALL.attest, 1), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.attest, 1, ...zeros(31)), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.attest, 1, ...zeros(33)), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.attest, 1, ...zeros(65)), 'call-malformed', 3],
    // A flag that is neither.
    [header(3, 1, SECURE_CALL.attest, 2, ...zeros(32)), 'call-malformed', 3],
    // Seconds that a number does not hold exactly.
    [header(3, 1, SECURE_CALL.setTime, ...zeros(38), 0x20, 0, ...zeros(64)), 'call-malformed', 3],
    // A signature cut short, and one too long.
    [header(3, 1, SECURE_CALL.setTime, ...zeros(40 + 63)), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.setTime, ...zeros(40 + 65)), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.bindClaim, ...zeros(255)), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.bindClaim, ...zeros(257)), 'call-malformed', 3],
    // Records and files that do not exist.
    [header(3, 1, SECURE_CALL.readRecord, 0), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.writeRecord, 7, 1), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.keystoreFile, 3), 'call-malformed', 3],
    [header(3, 1, SECURE_CALL.random, 1, 0x80, 0, 0), 'call-malformed', 3],
    // A part beyond its bound, both ways.
    [
      header(3, 1, SECURE_CALL.readImage, ...new Array<number>(16).fill(0), 1, 0, 0, 0, 0, 1, 0x80, 0, 0),
      'call-malformed',
      3,
    ],
    [
      header(3, 1, SECURE_CALL.stageWrite, 0, 0, 0, 0, ...new Array<number>(SECURE_PART_MAX_BYTES + 1).fill(0)),
      'call-malformed',
      3,
    ],
  ];
  for (const [frame, error, tag] of rows) t.like(decodeSecureRequest(frame), { ok: false, error, tag });
});

test('decodeSecureRequest() never throws, whatever the frame', (t) => {
  const start = fc.constantFrom(...CALLS.map((call) => body(encodeSecureRequest(1, ARGUMENTS[call]))));
  const hostile = fc.tuple(start, fc.uint8Array({ maxLength: 40 }), fc.nat(300));
  t.notThrows(() =>
    fc.assert(
      fc.property(hostile, ([frame, bytes, at]) => {
        const mixed = Uint8Array.of(...frame);
        mixed.set(bytes.subarray(0, Math.max(0, mixed.length - (at % (mixed.length + 1)))), at % (mixed.length + 1));
        decodeSecureRequest(mixed);
        decodeSecureRequest(bytes);
        return true;
      }),
      { numRuns: 2000 },
    ),
  );
});

test('a request holds copies: changing the frame afterwards changes nothing', (t) => {
  const frame = body(encodeSecureRequest(1, ARGUMENTS.stageWrite));
  const decoded = decodeSecureRequest(frame);
  frame.fill(0xee);
  t.deepEqual(decoded, { ok: true, tag: 1, request: ARGUMENTS.stageWrite });
});

test('replies and results of any bytes give coded errors only', (t) => {
  const codes = ['abi-malformed', 'layout-truncated', 'layout-trailing-bytes'];
  const replies = [
    encodeSecureError(1, 'internal', 'x'),
    encodeSecureEvent({ context: 1, how: { kind: 'signal', signal: 9 }, lastWords: '' }),
  ];
  codedErrorsOnly(t, decodeSecureReply, replies.map(body), codes);
  for (const call of CALLS) {
    const seed = body(encodeSecureResult(1, call, RESULTS[call])).subarray(8);
    codedErrorsOnly(t, (bytes) => decodeSecureResult(call, bytes), [seed], codes);
  }
});

test('encodeSecureRequest() refuses what no frame holds', (t) => {
  const error = t.throws(
    () => encodeSecureRequest(1, { call: 'stageWrite', offset: 0, bytes: new Uint8Array(70_000) }),
    { instanceOf: CodedError },
  );
  t.is(error.code, 'abi-too-large');
});
