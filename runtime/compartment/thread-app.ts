// One of many apps that share a thread: it runs on fuel, is suspended in every wait, and can be killed at any turn. Never takes the thread
// for longer than its quantum, and never runs again after its end.

import type { Sha256 } from '../../contracts/core/image.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { AppCarrier } from '../../host-apis/stubs/broker-stream.ts';
import { BrokerStream } from '../../host-apis/stubs/broker-stream.ts';
import type { KeptComponents } from './kept-components.ts';
import { Meter } from './meter.ts';
import type { AppEnding, LinkedApp } from './run-app.ts';
import { endOf, linkApp, refusal } from './run-app.ts';

export type KilledCode = 'app-killed';
/** Whoever runs the apps ended this one. */
class Killed extends CodedError<KilledCode> {}

/**
 * Fuel between two turns of the thread. Below 100,000 the turns themselves cost more than a tenth; at a million a turn comes about every
 * millisecond, which bounds how long a kill waits for each app that computes.
 */
export const THREAD_QUANTUM = 1_000_000n;

export interface ThreadAppParts {
  readonly image: Uint8Array;
  readonly carrier: AppCarrier;
  readonly sha256: Sha256;
  /** Resolves after everything else that the thread has to do has had its turn: other apps, bytes that came, orders to end. */
  readonly turn: () => Promise<void>;
  /** Of the thread that the app is in. */
  readonly kept?: KeptComponents;
}

export type ThreadAppEnding = AppEnding | { readonly kind: 'killed' };

/**
 * @example
 *   const app = new ThreadApp({ image, carrier, sha256, turn });
 *   app.ended.then((ending) => tell(ending));
 *   app.kill();   // it is ended before this returns, whatever it was doing
 */
export class ThreadApp {
  readonly ended: Promise<ThreadAppEnding>;
  readonly #broker: BrokerStream;
  #app: LinkedApp | undefined;
  #killed: Killed | undefined;

  constructor(parts: ThreadAppParts) {
    this.#broker = new BrokerStream(parts.carrier);
    this.ended = this.#run(parts);
  }

  /** No instruction of it runs any more once this returns: a wait of it is broken off, and every border of it is shut. */
  kill(): void {
    this.#killed ??= new Killed('app-killed', 'ended from outside', { fault: 'caller' });
    this.#app?.linked.end(this.#killed);
    this.#broker.end(this.#killed);
  }

  async #run(parts: ThreadAppParts): Promise<ThreadAppEnding> {
    const ending = await this.#runToEnd(parts);
    // A neighbour's bytes are not this app's business: whatever still comes for it is dropped.
    this.#broker.end(new Killed('app-killed', 'the app has ended'));
    return this.#killed === undefined ? ending : { kind: 'killed' };
  }

  async #runToEnd({ image, sha256, turn, kept }: ThreadAppParts): Promise<AppEnding> {
    const refill = async (): Promise<bigint> => {
      await turn();
      if (this.#killed !== undefined) throw this.#killed;
      return THREAD_QUANTUM;
    };
    const meter = new Meter({ fuel: THREAD_QUANTUM, refill, suspends: true });
    let app: LinkedApp;
    try {
      await this.#broker.awaitStart();
      app = linkApp({ image, broker: this.#broker, sha256 }, { suspends: true, meter, ...(kept && { kept }) });
      this.#app = app;
    } catch (cause) {
      return refusal(cause);
    }
    try {
      app.linked.start();
      return { kind: 'exit', exitCode: Number(await app.run.enter?.()) };
    } catch (cause) {
      return endOf(cause, meter.used);
    }
  }
}
