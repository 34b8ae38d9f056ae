// Where rewritten bytes go: grows by itself, copies runs, writes the numbers of the binary format. Never reads.

const LONG_RUN_BYTES = 48;

export class ByteSink {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes sure of room for `more` bytes. */
  room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(byte: number): void {
    this.room(1);
    this.bytes[this.length++] = byte;
  }

  /** A few bytes, each below 256. */
  put(few: readonly number[]): void {
    this.room(few.length);
    const { bytes } = this;
    let { length } = this;
    for (const byte of few) bytes[length++] = byte;
    this.length = length;
  }

  append(from: Uint8Array): void {
    this.copy(from, 0, from.length);
  }

  /** `from[start..end)`. */
  copy(from: Uint8Array, start: number, end: number): void {
    this.room(end - start);
    // Most runs are a few instructions long, where making a view costs more than the bytes.
    if (end - start > LONG_RUN_BYTES) {
      this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.length);
      this.length += end - start;
      return;
    }
    const { bytes } = this;
    let { length } = this;
    for (let at = start; at < end; at++) bytes[length++] = from[at] ?? 0;
    this.length = length;
  }

  /** Unsigned LEB128, shortest form. */
  u32(value: number): void {
    this.room(5);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.bytes[this.length++] = (rest & 0x7f) | 0x80;
    this.bytes[this.length++] = rest;
  }

  /** Signed LEB128, shortest form, of a number that is not negative and is exact in a double. */
  signed(value: number): void {
    this.room(9);
    let rest = value;
    for (;;) {
      const low = rest % 128;
      rest = (rest - low) / 128;
      if (rest === 0 && low < 0x40) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  /** What was written, as a view. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}
