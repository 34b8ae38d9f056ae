// What travels on the wires between the chip's pins and the world. Never more than a level on a pin.

import { ByteReader, ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';

/** 16 bytes each: u8 direction (1 chip drives, 2 world drives), u8 drive, u16 pin, u32 zero, u64 nanoseconds since power-on. */
export const PIN_FRAME_BYTES = 16;
export const DRIVE = { released: 0, low: 1, high: 2 } as const;
export type Drive = keyof typeof DRIVE;

export interface PinFrame {
  readonly from: 'chip' | 'world';
  readonly pin: number;
  readonly drive: Drive;
  readonly atNs: bigint;
}

export type PinFrameErrorCode = 'pin-frame-malformed';
export class PinFrameError extends CodedError<PinFrameErrorCode> {}

export function encodePinFrame(frame: PinFrame): Uint8Array {
  const writer = new ByteWriter(PIN_FRAME_BYTES)
    .u8(frame.from === 'chip' ? 1 : 2)
    .u8(DRIVE[frame.drive])
    .u16(frame.pin);
  return writer.u32(0).u64(frame.atNs).finish();
}

/** Exactly 16 bytes. Errors: `pin-frame-malformed`, `LayoutErrorCode`. */
export function decodePinFrame(bytes: Uint8Array): PinFrame {
  const reader = new ByteReader(bytes);
  const direction = reader.u8();
  const number = reader.u8();
  const pin = reader.u16();
  const zero = reader.u32();
  const atNs = reader.u64();
  reader.end();
  const drive = (Object.keys(DRIVE) as Drive[]).find((name) => DRIVE[name] === number);
  if (drive === undefined || zero !== 0 || (direction !== 1 && direction !== 2)) {
    throw new PinFrameError('pin-frame-malformed', `direction ${direction}, drive ${number}`);
  }
  return { from: direction === 1 ? 'chip' : 'world', pin, drive, atNs };
}
