// The world's end of the pins: a descriptor with pin frames both ways. Never guesses where a frame begins: a wrong one ends it.

import { Socket } from 'node:net';
import type { PinFrame } from '../../contracts/core/pin-frame.ts';
import { PIN_FRAME_BYTES, decodePinFrame, encodePinFrame } from '../../contracts/core/pin-frame.ts';

export interface WorldPins {
  drive(frame: PinFrame): void;
  onChipDrives(listener: (frame: PinFrame) => void): void;
}

/** `onClosed`: the device is off, or sent what is no pin frame. */
export function openWorldPins(descriptor: number, onClosed: () => void): WorldPins {
  const socket = new Socket({ fd: descriptor, readable: true, writable: true });
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.once('close', onClosed);
  return {
    drive: (frame) => void socket.write(encodePinFrame(frame)),
    onChipDrives(listener) {
      socket.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk]);
        try {
          for (; rest.length >= PIN_FRAME_BYTES; rest = rest.subarray(PIN_FRAME_BYTES)) {
            listener(decodePinFrame(rest.subarray(0, PIN_FRAME_BYTES)));
          }
        } catch (error) {
          socket.destroy(error as Error);
        }
      });
    },
  };
}
