// A broker's handle and what can be waited for on it, shared by a socket and its streams. Given back when the last of them let go.

import type { Later } from '../../../../contracts/core/later.ts';
import { after } from '../../../../contracts/core/later.ts';
import type { TcpDirection } from '../../../../contracts/wire/app-call/tcp-calls.ts';
import type { BrokerClient } from '../../broker-pipe.ts';
import type { Pollable, Readiness } from '../io.ts';

export class WatchedHandle {
  readonly handle: number;
  readonly #broker: BrokerClient;
  readonly #area: 'tcp' | 'udp';
  readonly #watches = new Map<TcpDirection, number>();
  #users = 1;

  /** For the first of its users. */
  constructor(broker: BrokerClient, area: 'tcp' | 'udp', handle: number) {
    this.#broker = broker;
    this.#area = area;
    this.handle = handle;
  }

  /** One user more. */
  share(): this {
    this.#users++;
    return this;
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    for (const watch of [...this.#watches.values(), this.handle]) {
      this.#broker.tell({ function: 'handle.close', handle: watch });
    }
  }

  /** Ready when something can be received, or sent. */
  pollable(direction: TcpDirection): Pollable {
    // It keeps the handle alive: what it watches must not become another thing's number.
    this.share();
    return { readiness: () => this.readiness(direction), close: () => this.release() };
  }

  readiness(direction: TcpDirection): Later<Readiness> {
    const known = this.#watches.get(direction);
    if (known !== undefined) return { kind: 'handle', handle: known };
    const { handle } = this;
    return after(this.#broker.call({ function: `${this.#area}.watch`, handle, direction }, 'u32'), (reply) => {
      // Without a place for a watch nobody can wait: whoever asks again is told why.
      if (!reply.ok || reply.result.kind !== 'u32') return { kind: 'ready' };
      this.#watches.set(direction, reply.result.value);
      return { kind: 'handle', handle: reply.result.value };
    });
  }
}
