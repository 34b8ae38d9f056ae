// A stream of this host as an end that bytes are passed on from and to. Never keeps more than the stream's own buffer.

import type { Duplex } from 'node:stream';
import type { RelayEnd } from '../hil/launch.ts';

/** When the other side ends or fails, the end closes as a whole: half an end is of no use to a radio. */
export function relayEnd(stream: Duplex): RelayEnd {
  stream.on('error', () => stream.destroy());
  stream.on('end', () => stream.destroy());
  return {
    // What was written last may be cut off when it is destroyed: an end that is closed has no use for it.
    send: (bytes) => !stream.writable || stream.write(bytes),
    onRoom: (listener) => void stream.on('drain', listener),
    onBytes: (listener) => void stream.on('data', (chunk: Buffer) => listener(new Uint8Array(chunk))),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    onClosed(listener) {
      if (stream.closed) listener();
      else stream.once('close', listener);
    },
    close: () => void stream.destroy(),
  };
}
