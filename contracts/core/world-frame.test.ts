import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from './coded-error.ts';
import type { WorldFrame } from './world-frame.ts';
import { WORLD_FRAME_BYTES, decodeWorldFrame, encodeWorldFrame } from './world-frame.ts';

const FRAMES: readonly WorldFrame[] = [
  { kind: 'pin', from: 'world', pin: 12, drive: 'low', atNs: 7n },
  { kind: 'time', from: 'chip', atNs: 3_600_000_000_000n },
  { kind: 'time', from: 'world', atNs: 0xffff_ffff_ffff_ffffn },
];
for (const frame of FRAMES) {
  test(`a ${frame.kind} frame from the ${frame.from} reads back as it was written`, (t) => {
    const bytes = encodeWorldFrame(frame);
    t.is(bytes.length, WORLD_FRAME_BYTES);
    t.deepEqual(decodeWorldFrame(bytes), frame);
  });
}

const TIME = encodeWorldFrame({ kind: 'time', from: 'chip', atNs: 5n });
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a direction that is not known', TIME.with(0, 5), 'pin-frame-malformed'],
  ['a time frame with reserved bits', TIME.with(7, 1), 'pin-frame-malformed'],
  ['a time frame with a pin', TIME.with(2, 8), 'pin-frame-malformed'],
  ['15 bytes', TIME.subarray(0, 15), 'layout-truncated'],
  ['17 bytes', Uint8Array.of(...TIME, 0), 'layout-trailing-bytes'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeWorldFrame() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeWorldFrame(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeWorldFrame() throws nothing but its own codes, whatever the bytes', (t) => {
  const seeds = FRAMES.map(encodeWorldFrame);
  codedErrorsOnly(t, decodeWorldFrame, seeds, ['pin-frame-malformed', 'layout-truncated', 'layout-trailing-bytes']);
});
