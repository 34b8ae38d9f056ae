// What the network keeps for one app, over all of its sockets. Never a byte beyond the app's budget, whichever socket it would be for.

import { RADIO_DATAGRAM_COST_BYTES, RADIO_DATAGRAM_MAX_BYTES } from '../../../contracts/wire/radio-link.ts';
import type { BudgetLine } from '../../../host-apis/broker/app-budget.ts';
import type { OnChange } from '../../../host-apis/ports.ts';
import { Changes } from './changes.ts';

/** With less than this left, some socket may wait for room: the largest datagram. */
const SCARCE_BYTES = RADIO_DATAGRAM_MAX_BYTES + RADIO_DATAGRAM_COST_BYTES;

export class AppBuffers {
  readonly #line: BudgetLine;
  readonly #changes = new Changes();

  constructor(line: BudgetLine) {
    this.#line = line;
  }

  get left(): number {
    return this.#line.left;
  }

  /** False: nothing was taken; the budget has counted it. */
  take(bytes: number): boolean {
    return this.#line.take(bytes);
  }

  give(bytes: number): void {
    const wasScarce = this.#line.left < SCARCE_BYTES;
    this.#line.give(bytes);
    if (wasScarce && bytes > 0) this.#changes.tell();
  }

  /** `own`, and whenever another socket's bytes made room for this one's. */
  watching(own: Changes): OnChange {
    return (listener) => {
      const stops = [own.on(listener), this.#changes.on(listener)];
      return () => stops.forEach((stop) => stop());
    };
  }
}
