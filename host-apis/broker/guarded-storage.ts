// The mutable storage of one app: the grant on every call, and its quota told. Never a file itself: the port has them.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { StorageRequest } from '../../contracts/wire/app-call/storage-calls.ts';
import type { AuditPort, StoragePort } from '../ports.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';

export interface GuardedStorageServices {
  readonly storage: StoragePort;
  readonly audit: AuditPort;
}

export class GuardedStorage implements GuardedArea<StorageRequest> {
  readonly #parts: AreaParts;
  readonly #services: GuardedStorageServices;
  #isFull = false;
  #wasUsed = false;

  constructor(parts: AreaParts, services: GuardedStorageServices) {
    this.#parts = parts;
    this.#services = services;
  }

  async call(request: StorageRequest): Promise<AppReply> {
    const { gate, app, budget } = this.#parts;
    const asked = { kind: 'storage' } as const;
    const denied = gate.ask(request.function, asked);
    if (denied !== undefined) return denied;
    const { limit } = budget.storage;
    this.#wasUsed = true;
    const done = await this.#services.storage.perform(app, limit, request);
    if (!done.ok) {
      if (done.error === 'no-space') this.#tellFull();
      return gate.portRefused(request.function, asked, done);
    }
    this.#isFull = false;
    budget.storage.now(done.value.usedBytes);
    return { ok: true, result: done.value.result };
  }

  /** Not waited for: the storage itself keeps what is being written apart from what is asked next. */
  sessionIsOver(): void {
    if (this.#wasUsed) this.#services.storage.release(this.#parts.app);
  }

  /** Once for every time that it is full, not for every write that finds it so. */
  #tellFull(): void {
    const { app, budget } = this.#parts;
    if (!this.#isFull) this.#services.audit.limit(app, 'storage', budget.storage.used + 1, budget.storage.limit);
    this.#isFull = true;
  }
}
