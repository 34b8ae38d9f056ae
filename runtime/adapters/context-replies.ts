// What the broker says to the apps that are in one context of a group one after the other. Never gives an app a byte that was meant for one
// before it, and never loses the start frame, which may be here before the app is.

import { concatBytes, sameBytes } from '../../contracts/core/bytes.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import { readSync } from './engine-modules.ts';

const START = APP_START_FRAME.subarray(4);

const CHUNK_BYTES = 64 * 1024;

/** All that lies in a pipe that does not block. */
export function takeAll(descriptor: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    try {
      const length = readSync(descriptor, chunk);
      if (length === 0) return concatBytes(...chunks);
      chunks.push(chunk.subarray(0, length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return concatBytes(...chunks);
      throw error;
    }
  }
}

/** The process reads all that comes in a context for as long as it lives: so the stream of frames is never cut, whoever is there. */
export class ContextReplies {
  readonly #frames = new FrameStream(APP_FRAME_MAX_BYTES);
  #listener: ((frame: Uint8Array) => void) | undefined;
  /** The start frame of whoever is there now, or comes next, has been seen. */
  #isStarted = false;

  /** Errors: `frame-too-large`, after which nothing in this context can be told apart any more. */
  push(chunk: Uint8Array): void {
    for (const body of this.#frames.push(chunk)) this.#take(body);
  }

  /** The next app: it is given frames with their length words, the start frame first. */
  attach(listener: (frame: Uint8Array) => void): void {
    this.#listener = listener;
    if (this.#isStarted) listener(APP_START_FRAME);
  }

  /**
   * The app is gone, and nobody has been told yet: `rest` is what lies in the pipe, and so was meant for it. A start frame that came too late
   * for it must be among that: the next app would take it for its own, and ask a broker that is not there for it yet.
   */
  detach(rest: Uint8Array): void {
    this.push(rest);
    this.#listener = undefined;
    this.#isStarted = false;
  }

  #take(body: Uint8Array): void {
    if (sameBytes(body, START)) this.#isStarted = true;
    // Until the start frame it is the answer to an earlier app. A reply is never taken for it: its second byte is zero.
    if (!this.#isStarted) return;
    const frame = new Uint8Array(4 + body.length);
    new DataView(frame.buffer).setUint32(0, body.length, true);
    frame.set(body, 4);
    this.#listener?.(frame);
  }
}
