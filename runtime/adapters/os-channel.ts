// A descriptor that the OS was started with, as a byte channel. Never survives its other end: without the secure world the OS ends.

import { Socket } from 'node:net';
import type { ByteChannel } from '../hil/launch.ts';

/**
 * Unlike a channel of the secure world this one never stops reading: what comes in are answers to what the OS asked, and an
 * end that waits for room on both sides would wait for ever.
 */
export function openOsChannel(descriptor: number, onClosed: () => void): ByteChannel {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  socket.on('error', () => socket.destroy());
  socket.once('close', onClosed);
  return {
    send: (bytes) => void socket.write(bytes),
    // A plain Uint8Array of its own: a Buffer's `slice` shares memory, which the layers above do not expect.
    onBytes: (listener) => void socket.on('data', (chunk: Buffer) => listener(new Uint8Array(chunk))),
  };
}
