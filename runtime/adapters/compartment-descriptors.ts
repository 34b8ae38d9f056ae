// The compartment's three descriptors, blocking: image in, requests out, replies in. Opens nothing; what it has it was given at its start.

import { CodedError } from '../../contracts/core/coded-error.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { LastWords } from '../../contracts/core/last-words.ts';
import { RUNNER_EXIT, encodeLastWords } from '../../contracts/core/last-words.ts';
import { closeSync, readSync, writeSync } from './engine-modules.ts';

export const COMPARTMENT_DESCRIPTOR = { image: 3, requests: 4, replies: 5 } as const;

export type DescriptorErrorCode = 'descriptor-closed' | 'descriptor-too-much';
export class DescriptorError extends CodedError<DescriptorErrorCode> {}

const CHUNK_BYTES = 64 * 1024;
const STDERR = 2;

/** Everything up to the end of the image's descriptor, which is then closed. Errors: `descriptor-too-much`. */
export function readImageDescriptor(): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const length = retried(() => readSync(COMPARTMENT_DESCRIPTOR.image, chunk));
    if (length === 0) break;
    total += length;
    if (total > IMAGE_MAX_BYTES) throw new DescriptorError('descriptor-too-much', `more than ${IMAGE_MAX_BYTES} bytes`);
    chunks.push(chunk.subarray(0, length));
  }
  closeSync(COMPARTMENT_DESCRIPTOR.image);
  const image = new Uint8Array(total);
  let offset = 0;
  for (const chunk of chunks) {
    image.set(chunk, offset);
    offset += chunk.length;
  }
  return image;
}

/** The pipe to the broker. Both calls block; both throw `descriptor-closed` when the OS is gone. */
export const brokerDescriptors = {
  write: (bytes: Uint8Array): void => blockingWrite(COMPARTMENT_DESCRIPTOR.requests, bytes),
  read(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length;) {
      const count = retried(() => readSync(COMPARTMENT_DESCRIPTOR.replies, bytes, offset, length - offset, null));
      if (count === 0) throw new DescriptorError('descriptor-closed', 'the broker is gone', { fault: 'world' });
      offset += count;
    }
    return bytes;
  },
};

/** All of it, however long that takes. Errors: `descriptor-closed`. */
export function blockingWrite(descriptor: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += retried(() => writeSync(descriptor, bytes, offset));
}

/** Says the last words, if the guest did not end by itself, and the exit code of the process. */
export function exitCodeWith(ending: LastWords | { readonly kind: 'exit'; readonly exitCode: number }): number {
  if (ending.kind === 'exit') return ending.exitCode;
  const words = new TextEncoder().encode(encodeLastWords(ending));
  for (let offset = 0; offset < words.length;) offset += retried(() => writeSync(STDERR, words, offset));
  return RUNNER_EXIT[ending.kind];
}

const sleeping = new Int32Array(new SharedArrayBuffer(4));
const RETRY_MS = 1;

/** A descriptor that another process set to non-blocking answers EAGAIN instead of waiting; a signal answers EINTR. */
function retried(transfer: () => number): number {
  for (;;) {
    try {
      return transfer();
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') Atomics.wait(sleeping, 0, 0, RETRY_MS);
      else if (code === 'EOF') return 0;
      else if (code === 'EPIPE')
        throw new DescriptorError('descriptor-closed', 'the broker is gone', { fault: 'world', cause });
      else if (code !== 'EINTR') throw cause;
    }
  }
}
