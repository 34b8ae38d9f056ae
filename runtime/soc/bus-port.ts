// Where a master's frame stream meets the bus. The master is what the port is wired to, never what a frame says.

import type { BusRequest } from '../../contracts/core/bus-frame.ts';
import {
  BUS_FRAME_MAX_BYTES,
  decodeBusRequest,
  encodeBusInterrupt,
  encodeBusReply,
} from '../../contracts/core/bus-frame.ts';
import type { Master } from '../../contracts/core/chip.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { Bus } from '../hil/bus.ts';
import type { ByteChannel } from '../hil/launch.ts';

/**
 * Serves the bus to this master. A frame that is none is a wiring fault, after which the stream has no meaning:
 * `onFault` is told once (the board resets the device) and the port is dead.
 */
export function connectBusPort(bus: Bus, master: Master, channel: ByteChannel, onFault: (code: string) => void): void {
  const frames = new FrameStream(BUS_FRAME_MAX_BYTES);
  let isDead = false;
  bus.onInterrupt((line) => {
    if (!isDead) channel.send(encodeBusInterrupt(line));
  });
  channel.onBytes((chunk) => {
    if (isDead) return;
    try {
      for (const frame of frames.push(chunk)) channel.send(answer(bus, master, decodeBusRequest(frame)));
    } catch (error) {
      if (!isCoded(error)) throw error;
      isDead = true;
      onFault(error.code);
    }
  });
}

function answer(bus: Bus, master: Master, request: BusRequest): Uint8Array {
  const { tag, context, address } = request;
  const result =
    request.operation === 'read'
      ? bus.read(master, context, address, request.count)
      : bus.write(master, context, address, request.bytes);
  return encodeBusReply({ tag, ...result });
}
