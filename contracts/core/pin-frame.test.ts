import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from './coded-error.ts';
import { decodePinFrame, DRIVE, encodePinFrame, PIN_FRAME_BYTES } from './pin-frame.ts';
import type { Drive } from './pin-frame.ts';

const frame = fc.record({
  from: fc.constantFrom('chip' as const, 'world' as const),
  pin: fc.integer({ min: 0, max: 0xffff }),
  drive: fc.constantFrom(...(Object.keys(DRIVE) as Drive[])),
  atNs: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
});

test('a pin frame comes back as it was, in 16 bytes', (t) => {
  const law = fc.property(frame, (given) => {
    const bytes = encodePinFrame(given);
    t.is(bytes.length, PIN_FRAME_BYTES);
    t.deepEqual(decodePinFrame(bytes), given);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

const GOOD = encodePinFrame({ from: 'chip', pin: 8, drive: 'low', atNs: 5n });
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['direction 0', GOOD.with(0, 0), 'pin-frame-malformed'],
  ['direction 3', GOOD.with(0, 3), 'pin-frame-malformed'],
  ['a drive that is not known', GOOD.with(1, 3), 'pin-frame-malformed'],
  ['reserved bits', GOOD.with(7, 1), 'pin-frame-malformed'],
  ['15 bytes', GOOD.subarray(1), 'layout-truncated'],
  ['17 bytes', Uint8Array.of(...GOOD, 0), 'layout-trailing-bytes'],
];
for (const [why, bytes, code] of refused) {
  test(`decodePinFrame() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodePinFrame(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodePinFrame() throws nothing but its own codes, whatever the bytes', (t) => {
  codedErrorsOnly(t, decodePinFrame, [GOOD], ['pin-frame-malformed', 'layout-truncated', 'layout-trailing-bytes']);
});
