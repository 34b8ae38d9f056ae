// Tells the broker what the guest's memory has grown to, before the next call that follows. Never holds the guest to anything: the linker does.

import type { Later } from '../../contracts/core/later.ts';
import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import type { BrokerClient } from './broker-pipe.ts';

export interface MemoryUse {
  /** Of all linear memories together. */
  readonly memoryBytes: number;
  /** Of all tables together. */
  readonly tableEntries: number;
}

/** A broker client that also tells the use of memory whenever it has changed; memory only grows, so that is seldom. */
export class UsageTeller implements BrokerClient {
  readonly #broker: BrokerClient;
  #use: (() => MemoryUse) | undefined;
  #told: MemoryUse = { memoryBytes: 0, tableEntries: 0 };

  constructor(broker: BrokerClient) {
    this.#broker = broker;
  }

  /** From now on this is asked before each call. */
  watch(use: () => MemoryUse): void {
    this.#use = use;
  }

  call(request: AppRequest, expected: AppResult['kind']): Later<AppReply> {
    this.#tellChange();
    return this.#broker.call(request, expected);
  }

  tell(request: AppRequest): void {
    this.#tellChange();
    this.#broker.tell(request);
  }

  #tellChange(): void {
    const use = this.#use?.();
    if (use === undefined) return;
    if (use.memoryBytes === this.#told.memoryBytes && use.tableEntries === this.#told.tableEntries) return;
    this.#told = use;
    this.#broker.tell({ function: 'usage.tell', ...use });
  }
}
