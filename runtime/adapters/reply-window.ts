// Replies of the broker on their way into a worker that blocks: a window of shared memory. A read of a descriptor cannot be broken off when
// the worker is to end, a wait for this window can.

import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';

/** Word 0: bytes in the window, 0 while it is the thread's turn to fill it. */
const FILLED = 0;
const HEAD_BYTES = 8;
const WINDOW_BYTES = APP_FRAME_MAX_BYTES;

export function newReplyWindow(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + WINDOW_BYTES);
}

/** The filling end, in the thread that has the event loop: never waits. */
export class ReplyWriter {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #kept: Uint8Array[] = [];
  #isWaiting = false;

  constructor(window: SharedArrayBuffer) {
    this.#words = new Int32Array(window, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(window, HEAD_BYTES);
  }

  /** The app has at most one reply outstanding, so what is kept here is bounded by a frame and the start frame. */
  push(chunk: Uint8Array): void {
    this.#kept.push(chunk);
    this.#fill();
  }

  #fill(): void {
    if (this.#isWaiting) return;
    const first = this.#kept[0];
    if (first === undefined) return;
    const filled = Atomics.load(this.#words, FILLED);
    if (filled !== 0) {
      const emptied = Atomics.waitAsync(this.#words, FILLED, filled);
      if (!emptied.async) return this.#fill();
      this.#isWaiting = true;
      void emptied.value.then(() => {
        this.#isWaiting = false;
        this.#fill();
      });
      return;
    }
    const part = first.subarray(0, WINDOW_BYTES);
    this.#bytes.set(part);
    if (part.length < first.length) this.#kept[0] = first.subarray(part.length);
    else this.#kept.shift();
    Atomics.store(this.#words, FILLED, part.length);
    Atomics.notify(this.#words, FILLED);
    if (this.#kept.length > 0) this.#fill();
  }
}

/** The reading end, in the worker: waits for as long as it takes. */
export class ReplyReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #unread: Uint8Array = new Uint8Array(0);

  constructor(window: SharedArrayBuffer) {
    this.#words = new Int32Array(window, 0, HEAD_BYTES / 4);
    this.#bytes = new Uint8Array(window, HEAD_BYTES);
  }

  /** Exactly `length` bytes, a copy. */
  read(length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (this.#unread.length === 0) this.#unread = this.#next();
      const part = this.#unread.subarray(0, length - at);
      out.set(part, at);
      at += part.length;
      this.#unread = this.#unread.subarray(part.length);
    }
    return out;
  }

  #next(): Uint8Array {
    for (;;) {
      const filled = Atomics.load(this.#words, FILLED);
      if (filled !== 0) {
        const copy = this.#bytes.slice(0, filled);
        Atomics.store(this.#words, FILLED, 0);
        Atomics.notify(this.#words, FILLED);
        return copy;
      }
      Atomics.wait(this.#words, FILLED, 0);
    }
  }
}
