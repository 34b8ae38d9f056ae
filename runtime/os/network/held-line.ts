// The line of the radio that one end of the apps' network holds, until it is let go. Never tells twice that it is gone.

import type { RadioFrame } from '../../../contracts/wire/radio-link.ts';
import type { AirLine } from './air-link.ts';

export class HeldLine {
  readonly #onGone: () => void;
  #line: AirLine | undefined;

  constructor(onGone: () => void) {
    this.#onGone = onGone;
  }

  hold(line: AirLine): void {
    this.#line = line;
  }

  /** Its number; `undefined`: there is none (any more). */
  get stream(): number | undefined {
    return this.#line?.stream;
  }

  /** Nothing, when there is none. */
  send(frame: (stream: number) => RadioFrame): void {
    if (this.#line !== undefined) this.#line.send(frame(this.#line.stream));
  }

  /** This end is done with it, and says so. */
  finish(): void {
    this.send((stream) => ({ kind: 'closed', stream, how: 'finished' }));
    this.release();
  }

  /** Lets it go without a word: the other end knows. */
  release(): void {
    if (this.#line === undefined) return;
    this.#line.forget();
    this.#line = undefined;
    this.#onGone();
  }
}
