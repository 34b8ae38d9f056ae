// Bounded little-endian reader and writer for every fixed layout. Never trusts a length that it has not checked.

import { CodedError } from './coded-error.ts';

/** What can be wrong with the bytes of a fixed layout, before their meaning is looked at. */
export type LayoutErrorCode = 'layout-truncated' | 'layout-trailing-bytes' | 'layout-out-of-range';

export class LayoutError extends CodedError<LayoutErrorCode> {}

/** Reads a fixed layout front to back; every read is checked against the end. Lengths in bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** A view (no copy) of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The rest, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Refuses a layout that goes on after its last field. */
  end(): void {
    if (this.remaining !== 0) {
      throw new LayoutError('layout-trailing-bytes', `${this.remaining} bytes after the last field`);
    }
  }

  #advance(length: number): number {
    if (!Number.isSafeInteger(length) || length < 0 || length > this.remaining) {
      throw new LayoutError('layout-truncated', `${length} bytes wanted at ${this.#offset}, ${this.remaining} left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

/** Builds a fixed layout front to back. Grows by itself; a value outside its field is refused, never cut. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 64) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const start = this.#reserve(1, value, 0xff);
    this.#view.setUint8(start, value);
    return this;
  }

  u16(value: number): this {
    const start = this.#reserve(2, value, 0xffff);
    this.#view.setUint16(start, value, true);
    return this;
  }

  u32(value: number): this {
    const start = this.#reserve(4, value, 0xffff_ffff);
    this.#view.setUint32(start, value, true);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) {
      throw new LayoutError('layout-out-of-range', `${value} does not fit 64 bits`);
    }
    const start = this.#reserve(8, 0, 0);
    this.#view.setBigUint64(start, value, true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const start = this.#reserveAfterGrowing(value.length);
    this.#bytes.set(value, start);
    return this;
  }

  zeros(count: number): this {
    if (!Number.isInteger(count) || count < 0) throw new LayoutError('layout-out-of-range', `${count} zeros`);
    const start = this.#reserveAfterGrowing(count);
    this.#bytes.fill(0, start, start + count);
    return this;
  }

  /** What was written, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(size: number, value: number, max: number): number {
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new LayoutError('layout-out-of-range', `${value} does not fit ${size} bytes`);
    }
    return this.#reserveAfterGrowing(size);
  }

  /** Takes room and may replace buffer and view: look them up after this call, never before it in the same expression. */
  #reserveAfterGrowing(size: number): number {
    const start = this.#length;
    if (start + size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, start + size));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = start + size;
    return start;
  }
}

/** Whether two byte strings are the same. Not constant-time: never for secrets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** One byte string out of several. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
