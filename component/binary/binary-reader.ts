// Reads the primitives of the WebAssembly binary format out of hostile bytes. Never past the end, never a non-canonical overlong number.

import { ComponentError } from '../component-error.ts';
import { MAX_ENTRIES, MAX_NAME_BYTES } from '../limits.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #offset = 0;

  /** `base` is where the bytes begin in what a person would look them up in. */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
  }

  /** The offset in what `base` counts from, for error messages. */
  get position(): number {
    return this.#base + this.#offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new ComponentError('component-truncated', `a byte wanted at ${this.#offset}`);
    this.#offset++;
    return byte;
  }

  peek(): number {
    return this.#bytes[this.#offset] ?? -1;
  }

  /** Unsigned LEB128 of at most 32 bits (core specification 5.2.2). */
  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8();
      // The fifth byte has four value bits; any other bit in it would be lost, and two readers could differ.
      if (shift === 28 && byte > 0x0f) throw new ComponentError('component-malformed', 'a u32 over 32 bits');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new ComponentError('component-malformed', 'a u32 of more than 5 bytes');
  }

  /** Unsigned LEB128 of at most 64 bits: the limits of a memory64, which is refused by value and not by accident. */
  skipU64(): void {
    for (let count = 0; count < 10; count++) if (this.u8() < 0x80) return;
    throw new ComponentError('component-malformed', 'a u64 of more than 10 bytes');
  }

  /** Signed LEB128 of at most 32 bits. */
  skipS32(): void {
    this.#skipSigned(4, 0x78);
  }

  /** Signed LEB128 of at most 64 bits. */
  skipS64(): void {
    this.#skipSigned(9, 0x7f);
  }

  /** Signed LEB128 of at most 33 bits that is an index, and so not negative. */
  skipNonNegativeS33(): void {
    let byte = this.u8();
    let more = 4;
    for (; byte >= 0x80 && more > 0; more--) byte = this.u8();
    // In the fifth byte the bits from the sign up are zero, in a shorter form the sign alone is.
    if (byte >= 0x80 || (byte & (more === 0 ? 0x70 : 0x40)) !== 0)
      throw new ComponentError('component-malformed', 'an index that is negative, or over 32 bits');
  }

  /** After `full` bytes of seven bits comes at most one, whose bits under `extension` all are the sign. */
  #skipSigned(full: number, extension: number): void {
    for (let count = 0; count < full; count++) if (this.u8() < 0x80) return;
    const last = this.u8();
    if (last >= 0x80 || ((last & extension) !== 0 && (last & extension) !== extension))
      throw new ComponentError('component-malformed', 'a signed number of too many bits');
  }

  /** The length of a vector. */
  count(max = MAX_ENTRIES): number {
    const count = this.u32();
    if (count > max) throw new ComponentError('component-too-complex', `a vector of ${count}, ${max} allowed`);
    // Every entry has one byte or more: a count that cannot be true is refused before anything is set aside for it.
    if (count > this.remaining)
      throw new ComponentError('component-truncated', `${count} entries in ${this.remaining} bytes`);
    return count;
  }

  vector<T>(entry: () => T, max = MAX_ENTRIES): T[] {
    const count = this.count(max);
    const entries: T[] = [];
    for (let index = 0; index < count; index++) entries.push(entry());
    return entries;
  }

  name(): string {
    const length = this.u32();
    if (length > MAX_NAME_BYTES) throw new ComponentError('component-too-complex', `a name of ${length} bytes`);
    try {
      return UTF8.decode(this.bytes(length));
    } catch (cause) {
      if (cause instanceof ComponentError) throw cause;
      throw new ComponentError('component-malformed', 'a name is not UTF-8', { cause });
    }
  }

  /** A view (no copy) of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new ComponentError(
        'component-truncated',
        `${length} bytes wanted at ${this.#offset}, ${this.remaining} left`,
      );
    }
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  skip(length: number): void {
    if (length > this.remaining)
      throw new ComponentError('component-truncated', `${length} bytes wanted at ${this.#offset}`);
    this.#offset += length;
  }

  /** A reader of the next `length` bytes, which this one passes over. */
  within(length: number): BinaryReader {
    const base = this.position;
    return new BinaryReader(this.bytes(length), base);
  }

  /** What was read since `start`, as a view. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#offset);
  }

  end(what: string): void {
    if (this.remaining !== 0) throw new ComponentError('component-malformed', `${this.remaining} bytes after ${what}`);
  }
}

/** Unsigned LEB128, shortest form. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return bytes;
    }
    bytes.push((rest % 128) | 0x80);
  }
}
