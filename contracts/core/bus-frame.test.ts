import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import * as bus from './bus-frame.ts';
import { ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { BUS_MAX_BYTES } from './limits.ts';

const u32 = { min: 0, max: 0xffff_ffff };
const tag = fc.integer({ min: 1, max: 0xffff_ffff });
const context = fc.integer({ min: 0, max: 7 });
const read = fc.record({
  operation: fc.constant('read' as const),
  tag,
  context,
  address: fc.integer(u32),
  count: fc.integer({ min: 0, max: BUS_MAX_BYTES }),
});
const write = fc.record({
  operation: fc.constant('write' as const),
  tag,
  context,
  address: fc.integer(u32),
  bytes: fc.uint8Array({ maxLength: 64 }),
});
const reply = fc.record({
  tag,
  status: fc.constantFrom(...(Object.keys(bus.BUS_STATUS) as bus.BusStatus[])),
  bytes: fc.uint8Array({ maxLength: 64 }),
});

/** What follows the length word, after the word itself was checked. */
function body(frame: Uint8Array): Uint8Array {
  const length = new DataView(frame.buffer, frame.byteOffset).getUint32(0, true);
  if (length !== frame.length - 4)
    throw new Error(`the length word says ${length}, there are ${frame.length - 4} bytes`);
  return frame.subarray(4);
}

test('a bus request comes back as it was', (t) => {
  const law = fc.property(fc.oneof(read, write), (request) => {
    t.deepEqual(bus.decodeBusRequest(body(bus.encodeBusRequest(request))), request);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('a bus reply comes back as it was', (t) => {
  const law = fc.property(reply, (given) => {
    t.deepEqual(bus.decodeBusReply(body(bus.encodeBusReply(given))), { kind: 'reply', ...given });
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('an interrupt comes back as it was, and is no reply to anything', (t) => {
  t.deepEqual(bus.decodeBusReply(body(bus.encodeBusInterrupt(2))), { kind: 'interrupt', line: 2 });
});

test('the largest write fits the frame bound', (t) => {
  const largest = { operation: 'write', tag: 1, context: 0, address: 0, bytes: new Uint8Array(BUS_MAX_BYTES) } as const;
  t.true(body(bus.encodeBusRequest(largest)).length <= bus.BUS_FRAME_MAX_BYTES);
  t.notThrows(() => bus.decodeBusRequest(body(bus.encodeBusRequest(largest))));
});

/** A request with its fields as given, checked or not. */
const raw = (tagWord: number, operation: number, zero: number, rest: Uint8Array) =>
  new ByteWriter().u32(tagWord).u8(operation).u8(0).u16(zero).u32(0).bytes(rest).finish();
const COUNT = Uint8Array.of(4, 0, 0, 0);

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['tag 0, which is an interrupt’s', raw(0, 1, 0, COUNT), 'bus-frame-malformed'],
  ['an operation that is not known', raw(1, 3, 0, COUNT), 'bus-frame-malformed'],
  ['reserved bits', raw(1, 1, 1, COUNT), 'bus-frame-malformed'],
  ['a read over the bound', raw(1, 1, 0, Uint8Array.of(1, 16, 0, 0)), 'bus-frame-malformed'],
  ['a write over the bound', raw(1, 2, 0, new Uint8Array(BUS_MAX_BYTES + 1)), 'bus-frame-malformed'],
  ['bytes after a read', raw(1, 1, 0, Uint8Array.of(...COUNT, 0)), 'layout-trailing-bytes'],
  ['a frame that is cut short', raw(1, 1, 0, new Uint8Array(2)), 'layout-truncated'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeBusRequest() refuses ${why}`, (t) => {
    t.is(t.throws(() => bus.decodeBusRequest(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeBusReply() refuses a status that is not known', (t) => {
  const bytes = Uint8Array.of(1, 0, 0, 0, 200, 0, 0, 0);
  t.is(t.throws(() => bus.decodeBusReply(bytes), { instanceOf: CodedError })?.code, 'bus-frame-malformed');
});

test('bus frames throw nothing but their own codes, whatever the bytes', (t) => {
  const codes = ['bus-frame-malformed', 'layout-truncated', 'layout-trailing-bytes'];
  const request = { operation: 'read', tag: 7, context: 1, address: 0x38010080, count: 4 } as const;
  codedErrorsOnly(t, bus.decodeBusRequest, [body(bus.encodeBusRequest(request))], codes);
  const answer = { tag: 7, status: 'ok', bytes: COUNT } as const;
  codedErrorsOnly(t, bus.decodeBusReply, [body(bus.encodeBusReply(answer)), body(bus.encodeBusInterrupt(1))], codes);
});
