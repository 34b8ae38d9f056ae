// NOR flash on a medium: erase blocks, one-way programming and wear. Never lets an operation that it refuses change a bit.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { Flash, FlashFaultCode } from '../hil/flash.ts';
import type { Medium } from '../hil/medium.ts';

export class FlashFault extends CodedError<FlashFaultCode> {}

/** Erases of one block that a serial NOR part is specified for (typical data sheets: 100,000). */
export const FLASH_ENDURANCE = 100_000;
const WEAR_BYTES = 4;

/** Bytes of medium for a flash of this geometry: the cells, then a u32 erase count per block. */
export function norMediumBytes(sizeBytes: number, blockBytes: number): number {
  return sizeBytes + (sizeBytes / blockBytes) * WEAR_BYTES;
}

/**
 * The medium holds charge: a stored 1 is a programmed cell, which reads 0. So an untouched medium (a hole in a sparse
 * file) is erased flash, and a power cut in the middle of a write leaves cells charged or not, as in silicon.
 */
export class NorFlash implements Flash {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  readonly #medium: Medium;
  readonly #endurance: number;

  constructor(medium: Medium, sizeBytes: number, blockBytes: number, endurance = FLASH_ENDURANCE) {
    this.#medium = medium;
    this.sizeBytes = sizeBytes;
    this.blockBytes = blockBytes;
    this.#endurance = endurance;
  }

  read(offset: number, length: number): Uint8Array {
    this.#checkRange(offset, length);
    return inverted(this.#medium.read(offset, length));
  }

  program(offset: number, bytes: Uint8Array): void {
    this.#checkRange(offset, bytes.length);
    const charge = this.#medium.read(offset, bytes.length);
    const wanted = inverted(bytes);
    // A charged cell (0) that should read 1 needs an erase first.
    if (charge.some((cell, index) => (cell & ~(wanted[index] ?? 0)) !== 0)) {
      throw new FlashFault('flash-not-erased', `programming ${bytes.length} bytes at ${offset}`, { fault: 'caller' });
    }
    this.#medium.write(offset, wanted);
  }

  eraseBlock(offset: number): void {
    this.#checkRange(offset, this.blockBytes);
    if (offset % this.blockBytes !== 0)
      throw new FlashFault('flash-misaligned', `no block begins at ${offset}`, { fault: 'caller' });
    const wear = this.wear(offset);
    if (wear >= this.#endurance)
      throw new FlashFault('flash-worn-out', `the block at ${offset} had ${wear} erases`, { fault: 'world' });
    this.#medium.write(this.#wearOffset(offset), new ByteWriter(WEAR_BYTES).u32(wear + 1).finish());
    this.#medium.write(offset, new Uint8Array(this.blockBytes));
  }

  /** Erases that the block at this offset has had. */
  wear(offset: number): number {
    return new ByteReader(this.#medium.read(this.#wearOffset(offset), WEAR_BYTES)).u32();
  }

  #wearOffset(offset: number): number {
    return this.sizeBytes + Math.floor(offset / this.blockBytes) * WEAR_BYTES;
  }

  #checkRange(offset: number, length: number): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (!whole || offset < 0 || length < 0 || offset + length > this.sizeBytes) {
      throw new FlashFault('flash-out-of-range', `${length} bytes at ${offset}`, { fault: 'caller' });
    }
  }
}

function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => ~byte);
}
