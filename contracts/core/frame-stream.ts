// Cuts a byte stream into length-prefixed frames. Never holds more than one frame's bound of unfinished bytes.

import { CodedError } from './coded-error.ts';
import { concatBytes } from './bytes.ts';

export type FrameErrorCode = 'frame-too-large';
export class FrameError extends CodedError<FrameErrorCode> {}

/** Feed it chunks as they come; it gives back whole frames, without their u32 length word. */
export class FrameStream {
  readonly #maxBytes: number;
  #pending: Uint8Array = new Uint8Array(0);

  /** `maxBytes`: the largest frame after its length word. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whole frames in order. Errors: `frame-too-large`, after which the stream is lost and must be closed. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#pending = this.#pending.length === 0 ? chunk.slice() : concatBytes(this.#pending, chunk);
    const frames: Uint8Array[] = [];
    let offset = 0;
    while (this.#pending.length - offset >= 4) {
      const length = new DataView(this.#pending.buffer, this.#pending.byteOffset + offset, 4).getUint32(0, true);
      if (length > this.#maxBytes)
        throw new FrameError('frame-too-large', `a frame of ${length} bytes, ${this.#maxBytes} allowed`);
      if (this.#pending.length - offset - 4 < length) break;
      frames.push(this.#pending.slice(offset + 4, offset + 4 + length));
      offset += 4 + length;
    }
    this.#pending = this.#pending.subarray(offset);
    return frames;
  }

  /** Forgets an unfinished frame, when the stream's other end was replaced. */
  reset(): void {
    this.#pending = new Uint8Array(0);
  }
}
