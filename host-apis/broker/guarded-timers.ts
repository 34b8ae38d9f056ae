// The timers of one app, and the clock that they are on. No capability guards them; the gate is asked all the same.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { TimerRequest } from '../../contracts/wire/app-call/wait-calls.ts';
import type { TimePort } from '../ports.ts';
import { AppTimer } from './app-timer.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import { DONE, refuse, u32, u64 } from './replies.ts';

export class GuardedTimers implements GuardedArea<TimerRequest> {
  readonly #parts: AreaParts;
  readonly #time: TimePort;

  constructor(parts: AreaParts, time: TimePort) {
    this.#parts = parts;
    this.#time = time;
  }

  call(request: TimerRequest): AppReply {
    const { gate, handles } = this.#parts;
    const denied = gate.ask(request.function, undefined);
    if (denied !== undefined) return denied;
    const nowNs = this.#time.nowNs();
    switch (request.function) {
      case 'timers.now':
        return u64(nowNs);
      case 'timers.create': {
        if (!handles.reserve()) return gate.handlesUsedUp();
        const timer = new AppTimer();
        return u32(handles.add({ kind: 'timer', timer, waitable: timer }));
      }
      case 'timers.set': {
        const timer = handles.get(request.handle, 'timer')?.timer;
        timer?.set(nowNs, request.initialNs, request.intervalNs);
        return timer === undefined ? refuse('invalid-argument') : DONE;
      }
      case 'timers.take-expirations': {
        const timer = handles.get(request.handle, 'timer')?.timer;
        return timer === undefined ? refuse('invalid-argument') : u64(timer.takeExpirations(nowNs));
      }
    }
  }
}
