// NOR flash as a driver sees it. Types only: whoever implements it decides where the bits lie.

/**
 * Rules: bits go from 1 to 0 by programming, back to 1 only by erasing a whole block; a read never fails; a refused
 * operation changes nothing. An implementation throws a `FlashFault`.
 *
 * @example
 *   flash.eraseBlock(0x1000); flash.program(0x1000, record); const back = flash.read(0x1000, record.length);
 */
export interface Flash {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  /** A copy of `length` bytes. */
  read(offset: number, length: number): Uint8Array;
  /** Clears the bits that are 0 in `bytes`; programming over anything but erased or equal bits is `flash-not-erased`. */
  program(offset: number, bytes: Uint8Array): void;
  /** Sets the block at this offset (a multiple of `blockBytes`) to 0xff. */
  eraseBlock(offset: number): void;
}

export type FlashFaultCode = 'flash-out-of-range' | 'flash-not-erased' | 'flash-misaligned' | 'flash-worn-out';
