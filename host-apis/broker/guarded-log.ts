// The log of one app, within its allowance. Never an error to the app: what is over the allowance is dropped and counted.

import type { AppReply } from '../../contracts/wire/app-call.ts';
import type { LogRequest } from '../../contracts/wire/app-call/log-calls.ts';
import type { AuditPort, TimePort } from '../ports.ts';
import type { AreaParts, GuardedArea } from './guarded-area.ts';
import type { LogAllowance } from './log-budget.ts';
import { LogBudget } from './log-budget.ts';
import { DONE } from './replies.ts';

export interface GuardedLogServices {
  readonly time: TimePort;
  readonly audit: AuditPort;
  readonly logAllowance: LogAllowance;
}

export class GuardedLog implements GuardedArea<LogRequest> {
  readonly #parts: AreaParts;
  readonly #audit: AuditPort;
  readonly #budget: LogBudget;

  constructor(parts: AreaParts, { time, audit, logAllowance }: GuardedLogServices) {
    this.#parts = parts;
    this.#audit = audit;
    this.#budget = new LogBudget(time, logAllowance, parts.budget.log, (limit, used, allowed) =>
      audit.limit(parts.app, limit, used, allowed),
    );
  }

  call(request: LogRequest): AppReply {
    const denied = this.#parts.gate.ask(request.function, undefined);
    if (denied !== undefined) return denied;
    const line = this.#budget.admit(request.message);
    if (line !== undefined) this.#audit.log(this.#parts.app, line);
    return DONE;
  }

  sessionIsOver(): void {
    this.#budget.close();
  }
}
