// Ears on what comes into the OS, for virtual time: after each piece it looks whether there is still something to do. Never changes,
// drops or reorders what comes.

import type { ByteChannel } from '../../hil/launch.ts';
import type { CompartmentPipe, PipeOfContext } from '../compartment-pipes.ts';
import type { ServiceNetwork } from '../service-port.ts';

/** What stands at the channels of the OS. */
export interface ChannelEar {
  /** Whoever listens has taken what came in. */
  touched(): void;
  /** Resolves when what is to go out may go. */
  readonly told: Promise<void>;
}

/** `ear` is asked each time: it is there from when the clock is known to be virtual. */
export function heardBus(channel: ByteChannel, ear: () => ChannelEar | undefined): ByteChannel {
  return { send: (bytes) => channel.send(bytes), onBytes: heard(channel, ear) };
}

/** Secure calls do not come to the monitor in one order with the bus: each waits until the chip's clock is where time is. */
export function heardSecureCalls(channel: ByteChannel, ear: () => ChannelEar | undefined): ByteChannel {
  let order: Promise<void> = Promise.resolve();
  return {
    send(bytes) {
      const told = ear()?.told;
      if (told === undefined) channel.send(bytes);
      else order = order.then(() => told).then(() => channel.send(bytes));
    },
    onBytes: heard(channel, ear),
  };
}

function heard(channel: ByteChannel, ear: () => ChannelEar | undefined): ByteChannel['onBytes'] {
  return (listener) =>
    channel.onBytes((bytes) => {
      listener(bytes);
      ear()?.touched();
    });
}

/** Requests to the outside that are under way: time stands until the last of them is answered. */
export class CountedNetwork implements ServiceNetwork {
  readonly #network: ServiceNetwork;
  readonly #touched: () => void;
  #pending = 0;

  constructor(network: ServiceNetwork, touched: () => void) {
    this.#network = network;
    this.#touched = touched;
  }

  get pending(): number {
    return this.#pending;
  }

  request: ServiceNetwork['request'] = async (address, trust, request) => {
    this.#pending++;
    try {
      return await this.#network.request(address, trust, request);
    } finally {
      this.#pending--;
      this.#touched();
    }
  };
}

/**
 * The pipes of the apps. How quickly the host at the cable reads must not decide which events are dropped: while too many of them wait
 * for it, what the app asks next waits with them.
 */
export class HeardPipes {
  readonly #pipes: PipeOfContext;
  readonly #touched: () => void;
  readonly #hasRoom: () => boolean;
  readonly #held = new Map<number, (() => void)[]>();

  constructor(
    pipes: PipeOfContext,
    { touched, hasRoom }: { readonly touched: () => void; readonly hasRoom: () => boolean },
  ) {
    this.#pipes = pipes;
    this.#touched = touched;
    this.#hasRoom = hasRoom;
  }

  /** What waited for room, when there is some. */
  deliverHeld(): void {
    for (const held of this.#held.values()) {
      while (held.length > 0 && this.#hasRoom()) held.shift()?.();
    }
  }

  pipeOf: PipeOfContext = (context) => {
    const pipe = this.#pipes(context);
    if (pipe === undefined) return undefined;
    const held: (() => void)[] = [];
    this.#held.set(context, held);
    return this.#heard(pipe, held);
  };

  #heard(pipe: CompartmentPipe, held: (() => void)[]): CompartmentPipe {
    return {
      send: (bytes) => pipe.send(bytes),
      reset: () => pipe.reset(),
      onBytes: (listener) => {
        held.length = 0;
        if (listener === undefined) return pipe.onBytes(undefined);
        pipe.onBytes((bytes) => {
          if (held.length === 0 && this.#hasRoom()) listener(bytes);
          else held.push(() => listener(bytes));
          this.#touched();
        });
      },
    };
  }
}
