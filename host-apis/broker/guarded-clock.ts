// The wall clock for one app. No capability guards reading it; the gate is asked all the same.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { ClockRequest } from '../../contracts/wire/app-call/clock-calls.ts';
import type { WallClockPort } from '../ports.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { u64 } from './replies.ts';

export class GuardedClock implements GuardedArea<ClockRequest> {
  readonly #parts: AreaParts;
  readonly #clock: WallClockPort;

  constructor(parts: AreaParts, clock: WallClockPort) {
    this.#parts = parts;
    this.#clock = clock;
  }

  async call(request: ClockRequest): Promise<AppReply> {
    const denied = this.#parts.gate.ask(request.function, undefined);
    return denied ?? u64(await this.#clock.nowNs());
  }
}
