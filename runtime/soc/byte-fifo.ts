// A bounded queue of bytes, as a serial port has one in each direction. Never grows past its bound.

export class ByteFifo {
  readonly #ring: Uint8Array;
  #start = 0;
  #length = 0;

  constructor(capacityBytes: number) {
    this.#ring = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  get free(): number {
    return this.#ring.length - this.#length;
  }

  /** As many of the bytes as fit; how many that were. */
  push(bytes: Uint8Array): number {
    const fitting = bytes.subarray(0, this.free);
    const end = (this.#start + this.#length) % this.#ring.length;
    const first = fitting.subarray(0, this.#ring.length - end);
    this.#ring.set(first, end);
    this.#ring.set(fitting.subarray(first.length), 0);
    this.#length += fitting.length;
    return fitting.length;
  }

  /** Up to `count` bytes from the front. */
  take(count: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(count, this.#length));
    const first = this.#ring.subarray(this.#start, this.#start + bytes.length);
    bytes.set(first);
    bytes.set(this.#ring.subarray(0, bytes.length - first.length), first.length);
    this.#start = (this.#start + bytes.length) % this.#ring.length;
    this.#length -= bytes.length;
    return bytes;
  }

  clear(): void {
    this.#length = 0;
  }
}
