// Giving handles back. Needs no grant; the gate counts it.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { HandleRequest } from '../../contracts/wire/app-call/wait-calls.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { DONE, refuse } from './replies.ts';

export class GuardedHandles implements GuardedArea<HandleRequest> {
  readonly #parts: AreaParts;

  constructor(parts: AreaParts) {
    this.#parts = parts;
  }

  async call({ handle, function: name }: HandleRequest): Promise<AppReply> {
    this.#parts.gate.ask(name, undefined);
    const holding = this.#parts.handles.take(handle);
    if (holding === undefined) return refuse('invalid-argument');
    await holding.close?.();
    return DONE;
  }
}
