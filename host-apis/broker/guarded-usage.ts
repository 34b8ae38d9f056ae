// Takes down what the runner tells of its guest's memory. Never a reason to allow or refuse anything.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { UsageRequest } from '../../contracts/wire/app-call/usage-calls.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { DONE } from './replies.ts';

export class GuardedUsage implements GuardedArea<UsageRequest> {
  readonly #parts: AreaParts;

  constructor(parts: AreaParts) {
    this.#parts = parts;
  }

  call({ function: name, memoryBytes, tableEntries }: UsageRequest): AppReply {
    const { gate, budget } = this.#parts;
    const denied = gate.ask(name, undefined);
    if (denied !== undefined) return denied;
    budget.memory.now(memoryBytes);
    budget.tables.now(tableEntries);
    return DONE;
  }
}
