// How long a server waits for a client that does nothing. Never a limit on one that goes on, however slowly it does.

import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import { callForU64 } from '../../results.ts';

export class Patience {
  readonly #broker: BrokerClient;
  readonly #limitNs: bigint;
  #untilNs: bigint | undefined;

  constructor(broker: BrokerClient, limitNs: bigint) {
    this.#broker = broker;
    this.#limitNs = limitNs;
  }

  /** Something came, or went. */
  moved(): void {
    this.#untilNs = undefined;
  }

  /** When it is over, on the monotonic clock; it begins with the first question. */
  untilNs(): Later<bigint> {
    if (this.#untilNs !== undefined) return this.#untilNs;
    return after(this.#now(), (nowNs) => (this.#untilNs = nowNs + this.#limitNs));
  }

  isOver(): Later<boolean> {
    const untilNs = this.#untilNs;
    return untilNs === undefined ? false : after(this.#now(), (nowNs) => nowNs >= untilNs);
  }

  #now(): Later<bigint> {
    return callForU64(this.#broker, { function: 'timers.now' });
  }
}
