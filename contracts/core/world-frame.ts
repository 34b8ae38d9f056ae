// What travels between the chip and the world: levels on pins and, for a chip whose clock is virtual, how far time may go. Never a
// word of what an app does.

import { ByteReader, ByteWriter } from './bytes.ts';
import type { PinFrame } from './pin-frame.ts';
import { PIN_FRAME_BYTES, PinFrameError, decodePinFrame, encodePinFrame } from './pin-frame.ts';

/** As long as a pin frame, so that the stream is cut into frames of one size. */
export const WORLD_FRAME_BYTES = PIN_FRAME_BYTES;

/**
 * 16 bytes: u8 direction (3 from the chip, 4 from the world), u8, u16 and u32 zero, u64 nanoseconds since power-on.
 * From the chip: its clock is there and may go no further. From the world: until there nothing happens in the world, time may go so far.
 */
export interface TimeFrame {
  readonly kind: 'time';
  readonly from: 'chip' | 'world';
  readonly atNs: bigint;
}

export type WorldFrame = ({ readonly kind: 'pin' } & PinFrame) | TimeFrame;

export const TIME_DIRECTION = { chip: 3, world: 4 } as const;

export function encodeWorldFrame(frame: WorldFrame): Uint8Array {
  if (frame.kind === 'pin') return encodePinFrame(frame);
  return new ByteWriter(WORLD_FRAME_BYTES).u8(TIME_DIRECTION[frame.from]).zeros(7).u64(frame.atNs).finish();
}

/** Exactly 16 bytes. Errors: `pin-frame-malformed`, `LayoutErrorCode`. */
export function decodeWorldFrame(bytes: Uint8Array): WorldFrame {
  const from = directionOf(bytes[0]);
  if (from === undefined) return { kind: 'pin', ...decodePinFrame(bytes) };
  const reader = new ByteReader(bytes);
  reader.u8();
  const zeros = reader.bytes(7);
  const atNs = reader.u64();
  reader.end();
  if (zeros.some((byte) => byte !== 0)) throw new PinFrameError('pin-frame-malformed', 'reserved bytes');
  return { kind: 'time', from, atNs };
}

function directionOf(byte: number | undefined): TimeFrame['from'] | undefined {
  if (byte === TIME_DIRECTION.chip) return 'chip';
  return byte === TIME_DIRECTION.world ? 'world' : undefined;
}
