// Two ends of a byte channel in one process: what goes in at one comes out at the other, a little later. Never at once, as in a pipe.

import type { ByteChannel } from '../../runtime/hil/launch.ts';

class ChannelEnd implements ByteChannel {
  other: ChannelEnd | undefined;
  #listener: (bytes: Uint8Array) => void = () => undefined;

  send(bytes: Uint8Array): void {
    const copy = bytes.slice();
    queueMicrotask(() => this.other?.receive(copy));
  }
  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }
  receive(bytes: Uint8Array): void {
    this.#listener(bytes);
  }
}

export function channelPair(): readonly [ByteChannel, ByteChannel] {
  const [a, b] = [new ChannelEnd(), new ChannelEnd()];
  a.other = b;
  b.other = a;
  return [a, b];
}
