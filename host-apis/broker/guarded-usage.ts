// Takes down what the runner tells of its guest's memory. Never a reason to allow or refuse anything.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { UsageRequest } from '../../contracts/wire/app-call/usage-calls.ts';
import type { AppBudget } from './app-budget.ts';
import type { GuardedArea } from './guarded-area.ts';
import { DONE } from './replies.ts';

/** Never asks the gate: it is the runner's word, no call of the guest that people would look for in a crash record. */
export class GuardedUsage implements GuardedArea<UsageRequest> {
  readonly #budget: AppBudget;

  constructor({ budget }: { readonly budget: AppBudget }) {
    this.#budget = budget;
  }

  call({ memoryBytes, tableEntries }: UsageRequest): AppReply {
    this.#budget.memory.now(memoryBytes);
    this.#budget.tables.now(tableEntries);
    return DONE;
  }
}
