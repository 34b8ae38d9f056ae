// The bytes of an answer as they come in, up to a bound. Keeps copies alone: whoever sends a byte at a time, or much around each
// byte, would otherwise fill the memory with the buffers that they came in.

/** The first room, bytes: most answers fit. */
const FIRST_BYTES = 4096;

export class BoundedBody {
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#bytes = new Uint8Array(Math.min(FIRST_BYTES, maxBytes));
  }

  /** False, and nothing is taken: it would be more than the bound. */
  take(part: Uint8Array): boolean {
    const length = this.#length + part.length;
    if (length > this.#maxBytes) return false;
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(part, this.#length);
    this.#length = length;
    return true;
  }

  /** What was taken so far. */
  whole(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** By doubling, so that a byte is copied a few times however small the parts are. */
  #grow(least: number): void {
    const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(least, this.#bytes.length * 2)));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
