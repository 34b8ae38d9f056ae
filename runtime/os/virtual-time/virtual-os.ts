// What an OS needs besides a clock to run in virtual time: turns for its apps, and to know when it has nothing left to do. Never made
// on a device whose clock is real.

import type { PipeOfContext } from '../compartment-pipes.ts';
import type { BusClient } from '../bus-client.ts';
import type { Contexts } from '../contexts.ts';
import type { LinkOutbox } from '../device-link/link-outbox.ts';
import type { SecureCallClient } from '../secure-calls.ts';
import type { ServiceNetwork } from '../service-port.ts';
import type { ChannelEar } from './listening.ts';
import { CountedNetwork, HeardPipes } from './listening.ts';
import { Turns } from './turns.ts';
import { VirtualTime } from './virtual-time.ts';

export interface VirtualOsParts {
  readonly bus: BusClient;
  readonly monitor: SecureCallClient;
  readonly contexts: Contexts;
  readonly outbox: LinkOutbox;
  readonly pipeOf: PipeOfContext;
  readonly network: ServiceNetwork;
  readonly soon: (work: () => void) => void;
  readonly report: (error: unknown) => void;
}

export interface VirtualOs {
  readonly time: VirtualTime;
  readonly turns: Turns;
  /** In place of those that it was made of. */
  readonly pipeOf: PipeOfContext;
  readonly network: ServiceNetwork;
  /** For the channels to the chip and to the monitor. */
  readonly ear: ChannelEar;
}

/** Errors: `clock-unreadable`. */
export async function startVirtualOs(parts: VirtualOsParts): Promise<VirtualOs> {
  const { bus, monitor, contexts, outbox, soon, report } = parts;
  const turns = new Turns();
  const network = new CountedNetwork(parts.network, () => time.touched());
  // An app's end and the cable are waited for, too: an hour must not pass between a kill and its word.
  const isBusy = (postedWaits: number): boolean =>
    bus.pending > postedWaits || monitor.pending > 0 || network.pending > 0 || contexts.isAnyEnding || outbox.isSending;
  const time = await VirtualTime.start({ bus, turns, isBusy, soon, report });
  const pipes = new HeardPipes(parts.pipeOf, { touched: () => time.touched(), hasRoom: () => outbox.hasRoom });
  return {
    time,
    turns,
    pipeOf: pipes.pipeOf,
    network,
    ear: {
      touched() {
        pipes.deliverHeld();
        time.touched();
      },
      get told() {
        return time.told;
      },
    },
  };
}
