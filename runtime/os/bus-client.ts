// The OS's end of the bus: transactions out, replies and interrupts in. Never checks an access itself: that is the silicon's.

import type { BusReply, BusRequest } from '../../contracts/core/bus-frame.ts';
import { BUS_FRAME_MAX_BYTES, decodeBusReply, encodeBusRequest } from '../../contracts/core/bus-frame.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { BusResult } from '../hil/bus.ts';
import type { ByteChannel } from '../hil/launch.ts';

/** What a driver makes transactions on. `context` is the app's for whom it acts, `OS_CONTEXT` for the OS itself. */
export interface AsyncBus {
  read(context: number, address: number, count: number): Promise<BusResult>;
  write(context: number, address: number, bytes: Uint8Array): Promise<BusResult>;
}

const TAG_MAX = 0xffff_ffff;
type WithoutTag<Request> = Request extends unknown ? Omit<Request, 'tag'> : never;

/**
 * Bytes on the channel that are no bus frame throw `BusFrameErrorCode`, `FrameErrorCode` or `LayoutErrorCode` out of the
 * channel's listener: a broken bus is a broken device, and the OS ends.
 */
export class BusClient implements AsyncBus {
  readonly #channel: ByteChannel;
  readonly #frames = new FrameStream(BUS_FRAME_MAX_BYTES);
  readonly #pending = new Map<number, (result: BusResult) => void>();
  readonly #onInterrupt: (line: number) => void;
  #lastTag = 0;

  constructor(channel: ByteChannel, onInterrupt: (line: number) => void) {
    this.#channel = channel;
    this.#onInterrupt = onInterrupt;
    channel.onBytes((bytes) => this.#receive(bytes));
  }

  /** Transactions without their reply yet. */
  get pending(): number {
    return this.#pending.size;
  }

  read(context: number, address: number, count: number): Promise<BusResult> {
    return this.#request({ operation: 'read', context, address, count });
  }

  write(context: number, address: number, bytes: Uint8Array): Promise<BusResult> {
    return this.#request({ operation: 'write', context, address, bytes });
  }

  #request(request: WithoutTag<BusRequest>): Promise<BusResult> {
    do this.#lastTag = this.#lastTag === TAG_MAX ? 1 : this.#lastTag + 1;
    while (this.#pending.has(this.#lastTag));
    const tag = this.#lastTag;
    return new Promise((resolve) => {
      this.#pending.set(tag, resolve);
      this.#channel.send(encodeBusRequest({ ...request, tag }));
    });
  }

  #receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.push(bytes)) {
      const message = decodeBusReply(frame);
      if (message.kind === 'interrupt') this.#onInterrupt(message.line);
      else this.#settle(message);
    }
  }

  /** A reply that nobody waits for is dropped: it changes nothing. */
  #settle(reply: BusReply): void {
    const resolve = this.#pending.get(reply.tag);
    this.#pending.delete(reply.tag);
    resolve?.({ status: reply.status, bytes: reply.bytes });
  }
}
