// A stream of this host as a byte channel of the chip. When the other end does not read, nothing more is read from it either.

import type { Duplex } from 'node:stream';
import type { ByteChannel } from '../hil/launch.ts';

/** Sending to an end that is gone is no error here: that its process ended is told elsewhere. */
export function byteChannel(stream: Duplex): ByteChannel {
  stream.on('error', () => stream.destroy());
  // Requests make replies: an end that sends without reading would otherwise fill our memory with them.
  stream.on('drain', () => stream.resume());
  return {
    send(bytes) {
      if (stream.writable && !stream.write(bytes)) stream.pause();
    },
    onBytes: (listener) => void stream.on('data', (chunk: Buffer) => listener(new Uint8Array(chunk))),
  };
}
