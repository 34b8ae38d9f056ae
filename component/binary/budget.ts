// Counts what a file defines, or makes its reader do, over all its levels, so that nesting cannot multiply past the bound. Never reset.

import { ComponentError } from '../component-error.ts';

export class Budget {
  #left: number;
  readonly #what: string;

  constructor(count: number, what = 'definitions') {
    this.#left = count;
    this.#what = what;
  }

  /** Errors: `component-too-complex`. */
  spend(count = 1): void {
    this.#left -= count;
    if (this.#left < 0)
      throw new ComponentError('component-too-complex', `more ${this.#what} than a component may have`);
  }
}
