// Random bytes for one app, from the device's source. No capability guards them; the gate is asked all the same.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { RandomRequest } from '../../contracts/wire/app-call/random-calls.ts';
import type { RandomPort } from '../ports.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';

export class GuardedRandom implements GuardedArea<RandomRequest> {
  readonly #parts: AreaParts;
  readonly #random: RandomPort;

  constructor(parts: AreaParts, random: RandomPort) {
    this.#parts = parts;
    this.#random = random;
  }

  async call(request: RandomRequest): Promise<AppReply> {
    const denied = this.#parts.gate.ask(request.function, undefined);
    if (denied !== undefined) return denied;
    return { ok: true, result: { kind: 'bytes', value: await this.#random.bytes(request.count) } };
  }
}
