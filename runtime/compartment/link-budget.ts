// What one link may cost, counted over every instance it makes: a few bytes that instantiate each other must not multiply. Never refilled.

import { ComponentError } from '../../component/component-error.ts';
import { MAX_INSTANCES, MAX_LINK_WORK } from '../../component/limits.ts';

export class LinkBudget {
  #work = MAX_LINK_WORK;
  #instances = MAX_INSTANCES;

  spend(work = 1): void {
    this.#work -= work;
    if (this.#work < 0)
      throw new ComponentError('component-too-complex', `more than ${MAX_LINK_WORK} steps of linking`);
  }

  spendInstance(): void {
    this.#instances--;
    if (this.#instances < 0) throw new ComponentError('component-too-complex', `more than ${MAX_INSTANCES} instances`);
  }
}
