// The OS's ends of one context's pipe pair. Never blocks on an app: one that does not read its replies is told by `send`.

import { Socket } from 'node:net';
import type { CompartmentPipe } from '../os/compartment-pipes.ts';
import { writeSync } from './engine-modules.ts';

/** Kept for an app whose pipe is full, bytes. The pipe itself holds 64 KiB on Linux; an honest app has one reply in it. */
export const REPLIES_KEPT_MAX_BYTES = 64 * 1024;

/** `requests` is read, `replies` written; both become non-blocking, for this end alone. */
export function openCompartmentPipe(requests: number, replies: number): CompartmentPipe {
  return new FifoPair(requests, replies);
}

class FifoPair implements CompartmentPipe {
  readonly #replies: number;
  readonly #writer: Socket;
  #listener: ((bytes: Uint8Array) => void) | undefined;
  /** What the pipe had no room for, oldest first. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #retry: NodeJS.Timeout | undefined;

  constructor(requests: number, replies: number) {
    const reader = new Socket({ fd: requests, readable: true, writable: false });
    // The socket only makes its descriptor non-blocking and keeps it open: writes go out at once, without its queue.
    this.#writer = new Socket({ fd: replies, readable: false, writable: true });
    this.#replies = replies;
    // The secure world keeps the OS running; an idle pipe does not.
    reader.unref();
    this.#writer.unref();
    reader.on('error', () => reader.destroy());
    this.#writer.on('error', () => this.#writer.destroy());
    reader.on('data', (chunk: Buffer) => this.#listener?.(new Uint8Array(chunk)));
  }

  onBytes(listener: ((bytes: Uint8Array) => void) | undefined): void {
    this.#listener = listener;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#keptBytes + bytes.length > REPLIES_KEPT_MAX_BYTES) return false;
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    this.#flush();
    return true;
  }

  reset(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#kept = [];
    this.#keptBytes = 0;
  }

  #flush(): void {
    for (let first = this.#kept[0]; first !== undefined; first = this.#kept[0]) {
      const written = writeNow(this.#replies, first);
      this.#keptBytes -= written;
      if (written < first.length) {
        this.#kept[0] = first.subarray(written);
        // Only an app that misbehaves gets here: a pause costs nobody else anything.
        this.#retry ??= setTimeout(() => {
          this.#retry = undefined;
          this.#flush();
        }, RETRY_MS).unref();
        return;
      }
      this.#kept.shift();
    }
  }
}

const RETRY_MS = 10;

/** How many bytes the pipe took; to a reader that is gone, all of them: its end is told by the monitor. */
function writeNow(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return 0;
    if (code === 'EPIPE') return bytes.length;
    throw error;
  }
}
