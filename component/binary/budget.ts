// Counts what a file defines over all its levels, so that nesting cannot multiply past the bound. Never reset.

import { ComponentError } from '../component-error.ts';

export class Budget {
  #left: number;

  constructor(definitions: number) {
    this.#left = definitions;
  }

  /** Errors: `component-too-complex`. */
  spend(count = 1): void {
    this.#left -= count;
    if (this.#left < 0) throw new ComponentError('component-too-complex', 'more definitions than a component may have');
  }
}
