// The world's end of the pins: a descriptor with world frames both ways. Never guesses where a frame begins: a wrong one ends it.

import { Socket } from 'node:net';
import type { PinFrame } from '../../contracts/core/pin-frame.ts';
import type { WorldFrame } from '../../contracts/core/world-frame.ts';
import { WORLD_FRAME_BYTES, decodeWorldFrame, encodeWorldFrame } from '../../contracts/core/world-frame.ts';

export interface WorldPins {
  drive(frame: PinFrame): void;
  /** Virtual time: until there the world does nothing. */
  lend(limitNs: bigint): void;
  onFrame(listener: (frame: WorldFrame) => void): void;
}

/** `onClosed`: the device is off, or sent what is no world frame. */
export function openWorldPins(descriptor: number, onClosed: () => void): WorldPins {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.once('close', onClosed);
  return {
    drive: (frame) => void socket.write(encodeWorldFrame({ kind: 'pin', ...frame })),
    lend: (atNs) => void socket.write(encodeWorldFrame({ kind: 'time', from: 'world', atNs })),
    onFrame(listener) {
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        try {
          for (; rest.length >= WORLD_FRAME_BYTES; rest = rest.subarray(WORLD_FRAME_BYTES)) {
            listener(decodeWorldFrame(rest.subarray(0, WORLD_FRAME_BYTES)));
          }
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    },
  };
}
