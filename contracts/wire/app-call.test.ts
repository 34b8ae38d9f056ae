import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { ByteWriter } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';
import { formatIp } from '../core/ip-address.ts';
import { APP_FRAME_MAX_BYTES } from '../core/limits.ts';
import * as call from './app-call.ts';
import { TCP_PART_MAX_BYTES } from './app-call/tcp-calls.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const byte = fc.integer({ min: 0, max: 0xff });
const time = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const handle = { handle: word };
const port = fc.integer({ min: 0, max: 0xffff });
const direction = fc.constantFrom('receive' as const, 'send' as const);
const address = fc
  .oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })))
  .map(formatIp);
const storagePath = { path: fc.string({ unit: 'grapheme', maxLength: 20 }) };
const storageKind = { kind: fc.constantFrom('file' as const, 'directory' as const) };
/** Arguments of every function; the type makes the table complete. */
const arguments_: {
  readonly [F in call.AppFunction]: fc.Arbitrary<Omit<Extract<call.AppRequest, { function: F }>, 'function'>>;
} = {
  'gpio.open-input': fc.record({ pin: word }),
  'gpio.open-output': fc.record({ pin: word, mode: byte, level: byte }),
  'gpio.get': fc.record(handle),
  'gpio.set': fc.record({ ...handle, level: byte }),
  'poll.wait': fc.record({
    handles: fc.array(word, { maxLength: call.POLL_MAX_HANDLES }),
    timeoutNs: fc.option(time, { nil: undefined }),
  }),
  'timers.now': fc.record({}),
  'timers.create': fc.record({}),
  'timers.set': fc.record({ ...handle, initialNs: time, intervalNs: time }),
  'timers.take-expirations': fc.record(handle),
  'log.write': fc.record({ message: fc.string({ unit: 'grapheme' }) }),
  'handle.close': fc.record(handle),
  'tcp.connect': fc.record({ address, port }),
  'tcp.listen': fc.record({ port }),
  'tcp.ready': fc.record(handle),
  'tcp.accept': fc.record(handle),
  'tcp.room': fc.record(handle),
  'tcp.send': fc.record({ ...handle, bytes: fc.uint8Array({ maxLength: 300 }) }),
  'tcp.receive': fc.record({ ...handle, maxBytes: fc.integer({ min: 0, max: TCP_PART_MAX_BYTES }) }),
  'tcp.shutdown': fc.record({ ...handle, direction }),
  'tcp.watch': fc.record({ ...handle, direction }),
  'udp.bind': fc.record({ port }),
  'udp.ready': fc.record(handle),
  'udp.send': fc.record({ ...handle, address, port, bytes: fc.uint8Array({ maxLength: 300 }) }),
  'udp.receive': fc.record(handle),
  'udp.watch': fc.record({ ...handle, direction }),
  'names.resolve': fc.record({ name: fc.string({ maxLength: 60 }) }),
  'names.addresses': fc.record(handle),
  'storage.stat': fc.record(storagePath),
  'storage.list': fc.record(storagePath),
  'storage.create': fc.record({ ...storagePath, ...storageKind }),
  'storage.read': fc.record({ ...storagePath, offset: word, length: fc.nat(32 * 1024) }),
  'storage.write': fc.record({ ...storagePath, offset: word, bytes: fc.uint8Array() }),
  'storage.resize': fc.record({ ...storagePath, size: word }),
  'storage.rename': fc.record({ ...storagePath, to: storagePath.path }),
  'storage.remove': fc.record({ ...storagePath, ...storageKind }),
  'storage.sync': fc.record({}),
  'clock.now': fc.record({}),
  'random.bytes': fc.record({ count: fc.nat(32 * 1024) }),
  'usage.tell': fc.record({ memoryBytes: word, tableEntries: word }),
};
/** What follows the length word, after the word itself was checked. */
function body(frame: Uint8Array): Uint8Array {
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  if (length !== frame.length - 4)
    throw new Error(`the length word says ${length}, there are ${frame.length - 4} bytes`);
  return frame.subarray(4);
}

for (const name of Object.keys(call.APP_FUNCTION) as call.AppFunction[]) {
  test(`a request of ${name} comes back as it was`, (t) => {
    const law = fc.property(arguments_[name] as fc.Arbitrary<object>, (given) => {
      const request = { function: name, ...given } as call.AppRequest;
      t.deepEqual(call.decodeAppRequest(body(call.encodeAppRequest(request))), request);
    });
    t.notThrows(() => fc.assert(law, { numRuns: 50 }));
  });
}

test('a reply comes back as it was, an error as its code', (t) => {
  const result: fc.Arbitrary<call.AppResult> = fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.record({ kind: fc.constant('u32' as const), value: word }),
    fc.record({ kind: fc.constant('u64' as const), value: time }),
    fc.record({
      kind: fc.constant('wake' as const),
      value: fc.oneof(
        fc.record({ kind: fc.constant('ready' as const), indexes: fc.array(word, { maxLength: 9 }) }),
        fc.constantFrom({ kind: 'timed-out' as const }, { kind: 'terminating' as const }),
      ),
    }),
  );
  const law = fc.property(result, (given) => {
    const reply = { ok: true, result: given } as const;
    t.deepEqual(call.decodeAppReply(body(call.encodeAppReply(reply)), given.kind), reply);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
  for (const error of call.APP_ERROR_CODES) {
    const reply = { ok: false, error } as const;
    t.deepEqual(call.decodeAppReply(body(call.encodeAppReply(reply)), 'u32'), reply);
  }
});

test('the start frame is a frame', (t) => t.is(body(call.APP_START_FRAME).length, 4));

/** A wait with a count and a flag of choice, and no handle. */
const wait = (hasTimeout: number, count: number) =>
  new ByteWriter().u16(0x0201).u16(0).u8(hasTimeout).u64(0n).u16(count).finish();
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a function that is not known', Uint8Array.of(0xff, 0xff, 0, 0), 'app-call-function-unknown'],
  ['reserved bits', Uint8Array.of(0x01, 0x03, 1, 0), 'app-call-malformed'],
  ['a flag that is neither 0 nor 1', wait(2, 0), 'app-call-malformed'],
  ['a wait on more handles than the bound', wait(0, call.POLL_MAX_HANDLES + 1), 'app-call-malformed'],
  ['fewer handles than the count says', wait(0, 1), 'layout-truncated'],
  ['bytes after the arguments', Uint8Array.of(0x01, 0x03, 0, 0, 0), 'layout-trailing-bytes'],
  ['no bytes', new Uint8Array(0), 'layout-truncated'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeAppRequest() refuses ${why}`, (t) => {
    t.is(t.throws(() => call.decodeAppRequest(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeAppReply() refuses a status and a wake that are not known', (t) => {
  for (const bytes of [Uint8Array.of(200, 0, 0, 0), Uint8Array.of(0, 0, 0, 0, 9, 0, 0)]) {
    t.is(t.throws(() => call.decodeAppReply(bytes, 'wake'), { instanceOf: CodedError })?.code, 'app-call-malformed');
  }
});

test('encodeAppRequest() refuses a message over the frame bound', (t) => {
  const message = 'x'.repeat(APP_FRAME_MAX_BYTES);
  const error = t.throws(() => call.encodeAppRequest({ function: 'log.write', message }), { instanceOf: CodedError });
  t.is(error?.code, 'app-call-too-large');
});

test('app calls throw nothing but their own codes, whatever the bytes', (t) => {
  const codes = ['app-call-function-unknown', 'app-call-malformed', 'layout-truncated', 'layout-trailing-bytes'];
  const request = { function: 'poll.wait', handles: [1, 2], timeoutNs: 5n } as const;
  codedErrorsOnly(t, call.decodeAppRequest, [body(call.encodeAppRequest(request))], codes);
  const reply = { ok: true, result: { kind: 'wake', value: { kind: 'ready', indexes: [0, 1] } } } as const;
  codedErrorsOnly(t, (bytes) => call.decodeAppReply(bytes, 'wake'), [body(call.encodeAppReply(reply))], codes);
});
