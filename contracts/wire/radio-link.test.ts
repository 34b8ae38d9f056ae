import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from '../core/coded-error.ts';
import { ByteWriter } from '../core/bytes.ts';
import { formatIp } from '../core/ip-address.ts';
import type { RadioClosing, RadioFrame, RadioRefusal } from './radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  isRadioHost,
  RADIO_ADDRESSES_MAX,
  RADIO_CLOSING,
  RADIO_DATA_MAX_BYTES,
  RADIO_DATAGRAM_MAX_BYTES,
  RADIO_FRAME,
  RADIO_FRAME_MAX_BYTES,
  RADIO_HOST_MAX_BYTES,
  RADIO_REFUSAL,
  RADIO_WINDOW_BYTES,
  RadioCredit,
  RadioLinkError,
} from './radio-link.ts';

const stream = fc.integer({ min: 1, max: 0xffff_ffff });
const port = fc.integer({ min: 1, max: 0xffff });
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = fc.oneof(bytesOf(4), bytesOf(16)).map(formatIp);
const letter = fc.constantFrom(...'abcXYZ059.-:');
const frame: fc.Arbitrary<RadioFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    stream,
    host: fc.array(letter, { minLength: 1, maxLength: RADIO_HOST_MAX_BYTES }).map((letters) => letters.join('')),
    port,
  }),
  fc.record({ kind: fc.constantFrom('opened' as const, 'end' as const), stream }),
  fc.record({
    kind: fc.constant('refused' as const),
    stream,
    why: fc.constantFrom(...(Object.keys(RADIO_REFUSAL) as RadioRefusal[])),
  }),
  fc.record({
    kind: fc.constant('closed' as const),
    stream,
    how: fc.constantFrom(...(Object.keys(RADIO_CLOSING) as RadioClosing[])),
  }),
  fc.record({ kind: fc.constant('credit' as const), stream, bytes: fc.integer({ min: 1, max: RADIO_WINDOW_BYTES }) }),
  fc.record({ kind: fc.constant('data' as const), stream, bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }) }),
  fc.record({ kind: fc.constant('listen' as const), stream, port }),
  fc.record({ kind: fc.constant('bind' as const), stream, port: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('listening' as const), stream, hostPort: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('accept' as const), stream, listener: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ kind: fc.constant('caller' as const), stream, address, port }),
  fc.record({
    kind: fc.constant('datagram' as const),
    stream,
    address,
    port,
    bytes: fc.uint8Array({ maxLength: 600 }),
  }),
  fc.record({ kind: fc.constant('lookup' as const), stream, name: fc.constantFrom('a', 'service.example') }),
  fc.record({
    kind: fc.constant('addresses' as const),
    stream,
    addresses: fc.array(fc.oneof(bytesOf(4), bytesOf(16)), { minLength: 1, maxLength: RADIO_ADDRESSES_MAX }),
  }),
);

test('a radio frame comes back as it was', (t) => {
  const law = fc.property(frame, (given) => {
    const bytes = encodeRadioFrame(given);
    t.is(new DataView(bytes.buffer).getUint32(0, true), bytes.length - 4);
    t.deepEqual(decodeRadioFrame(bytes.subarray(4)), given);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 200 }));
});

test('the largest frame is data of its bound', (t) => {
  const bytes = encodeRadioFrame({ kind: 'data', stream: 1, bytes: new Uint8Array(RADIO_DATA_MAX_BYTES) });
  t.is(bytes.length - 4, RADIO_FRAME_MAX_BYTES);
});

const body = (kind: number, streamNumber: number) => new ByteWriter().u8(kind).u32(streamNumber);
const ascii = (text: string) => new TextEncoder().encode(text);
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['nothing', new Uint8Array(0), 'layout-truncated'],
  ['a kind that is not known', body(99, 1).finish(), 'radio-frame-malformed'],
  ['stream 0', body(RADIO_FRAME.end, 0).finish(), 'radio-frame-malformed'],
  ['a stream that is cut', Uint8Array.of(RADIO_FRAME.end, 1, 0), 'layout-truncated'],
  ['something after the last field', body(RADIO_FRAME.end, 1).u8(0).finish(), 'layout-trailing-bytes'],
  ['a host of nothing', body(RADIO_FRAME.open, 1).u16(443).finish(), 'radio-frame-malformed'],
  [
    'a path in the place of a host',
    body(RADIO_FRAME.open, 1).u16(1).bytes(ascii('/a')).finish(),
    'radio-frame-malformed',
  ],
  ['a host that is not ASCII', body(RADIO_FRAME.open, 1).u16(1).bytes(ascii('bü')).finish(), 'radio-frame-malformed'],
  [
    'a host beyond its bound',
    body(RADIO_FRAME.open, 1)
      .u16(1)
      .bytes(ascii('a'.repeat(RADIO_HOST_MAX_BYTES + 1)))
      .finish(),
    'radio-frame-malformed',
  ],
  ['port 0', body(RADIO_FRAME.open, 1).u16(0).bytes(ascii('a')).finish(), 'radio-frame-malformed'],
  ['a refusal that is not known', body(RADIO_FRAME.refused, 1).u8(99).finish(), 'radio-frame-malformed'],
  ['a closing that is not known', body(RADIO_FRAME.closed, 1).u8(0).finish(), 'radio-frame-malformed'],
  ['a credit of nothing', body(RADIO_FRAME.credit, 1).u32(0).finish(), 'radio-frame-malformed'],
  [
    'a credit over the window',
    body(RADIO_FRAME.credit, 1)
      .u32(RADIO_WINDOW_BYTES + 1)
      .finish(),
    'radio-frame-malformed',
  ],
  ['data of nothing', body(RADIO_FRAME.data, 1).finish(), 'radio-frame-malformed'],
  ['a listener on port 0', body(RADIO_FRAME.listen, 1).u16(0).finish(), 'radio-frame-malformed'],
  [
    'a caller with a name in the place of an address',
    body(RADIO_FRAME.caller, 1).u16(1).bytes(ascii('localhost')).finish(),
    'radio-frame-malformed',
  ],
  [
    'a datagram to a name',
    body(RADIO_FRAME.datagram, 1).u16(1).u8(1).bytes(ascii('a')).finish(),
    'radio-frame-malformed',
  ],
  [
    'a datagram whose address is cut',
    body(RADIO_FRAME.datagram, 1).u16(1).u8(9).bytes(ascii('10.0.0.1')).finish(),
    'layout-truncated',
  ],
  [
    'a datagram beyond its bound',
    body(RADIO_FRAME.datagram, 1)
      .u16(1)
      .u8(8)
      .bytes(ascii('10.0.0.1'))
      .zeros(RADIO_DATAGRAM_MAX_BYTES + 1)
      .finish(),
    'radio-frame-malformed',
  ],
  ['no addresses', body(RADIO_FRAME.addresses, 1).u8(0).finish(), 'radio-frame-malformed'],
  ['an address of 5 bytes', body(RADIO_FRAME.addresses, 1).u8(1).u8(5).zeros(5).finish(), 'radio-frame-malformed'],
  [
    'more addresses than a name may have',
    body(RADIO_FRAME.addresses, 1)
      .u8(RADIO_ADDRESSES_MAX + 1)
      .zeros(5 * (RADIO_ADDRESSES_MAX + 1))
      .finish(),
    'radio-frame-malformed',
  ],
  ['a question for a path', body(RADIO_FRAME.lookup, 1).bytes(ascii('/a')).finish(), 'radio-frame-malformed'],
  [
    'data beyond its bound',
    body(RADIO_FRAME.data, 1)
      .zeros(RADIO_DATA_MAX_BYTES + 1)
      .finish(),
    'radio-frame-malformed',
  ],
];
for (const [why, bytes, code] of refused) {
  test(`decodeRadioFrame() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeRadioFrame(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeRadioFrame() throws nothing but its own codes, whatever the bytes', (t) => {
  const seeds = fc.sample(frame, { numRuns: 40, seed: 7 }).map((given) => encodeRadioFrame(given).slice(4));
  codedErrorsOnly(t, decodeRadioFrame, seeds, ['radio-frame-malformed', 'layout-truncated', 'layout-trailing-bytes']);
});

test('isRadioHost() knows names and addresses, and nothing that a path could hide in', (t) => {
  for (const host of ['localhost', 'service.example', '127.0.0.1', '::1', 'xn--bcher-kva.example'])
    t.true(isRadioHost(host));
  for (const host of ['', '/run/x.sock', 'a b', 'a\0b', 'a@b', 'a%eth0', 'a\n']) t.false(isRadioHost(host));
});

test('a credit never goes over its window, in either direction', (t) => {
  const credit = new RadioCredit();
  t.true(credit.isWhole);
  credit.spend(RADIO_WINDOW_BYTES);
  t.is(credit.left, 0);
  t.is(t.throws(() => credit.spend(1), { instanceOf: RadioLinkError })?.code, 'radio-credit-exceeded');
  credit.restore(5);
  t.is(credit.left, 5);
  t.is(
    t.throws(() => credit.restore(RADIO_WINDOW_BYTES - 4), { instanceOf: RadioLinkError })?.code,
    'radio-credit-exceeded',
  );
});
