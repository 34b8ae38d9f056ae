// The broker's end of an app that shares this thread, for tests and benchmarks: it answers in a later turn, and never answers a wait. It must never
// be used outside them.

import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import type { AppCarrier } from '../../host-apis/stubs/broker-stream.ts';
import { FakeBroker, agreeable } from './fake-broker.ts';

export class NearBroker extends FakeBroker implements AppCarrier {
  #listener: (bytes: Uint8Array) => void = () => undefined;
  #closed: () => void = () => undefined;
  readonly #onRequest: (() => void) | undefined;
  /** Requests of kind `poll.wait`, which nobody answers. */
  waits = 0;

  constructor(onRequest?: () => void) {
    const usual = agreeable();
    super((request) => {
      if (request.function === 'poll.wait') this.waits++;
      return usual(request);
    });
    this.#onRequest = onRequest;
  }

  start(): void {
    this.#listener(APP_START_FRAME);
  }

  send(bytes: Uint8Array): boolean {
    const { waits } = this;
    const reply = this.serve(bytes);
    this.#onRequest?.();
    if (this.waits === waits) setImmediate(() => this.#listener(reply));
    return true;
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listener = listener;
  }

  onClosed(listener: () => void): void {
    this.#closed = listener;
  }

  goAway(): void {
    this.#closed();
  }

  said(bytes: Uint8Array): void {
    this.#listener(bytes);
  }
}
