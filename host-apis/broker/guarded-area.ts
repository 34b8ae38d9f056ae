// One area of the broker's functions for one app. Never answers a call that the gate was not asked about.

import type { Later } from '../../contracts/core/later.ts';
import type { AppReply, AppRequest } from '../../contracts/wire/app-call.ts';
import type { AppIdentity } from '../ports.ts';
import type { AppBudget } from './app-budget.ts';
import type { Gate } from './gate.ts';
import type { HandleTable } from './handle-table.ts';

/** How an app's session is over. `cut-off`: its process may still run, its pins are driven; `ended`: it is gone, its context has no rights left. */
export type SessionEnd = 'cut-off' | 'ended';

/** What every area of one session has. */
export interface AreaParts {
  readonly app: AppIdentity;
  readonly handles: HandleTable;
  readonly gate: Gate;
  readonly budget: AppBudget;
}

export interface GuardedArea<Request extends AppRequest> {
  /** Answers one call. A rejection is a fault of a service, and ends the app. */
  call(request: Request): Later<AppReply>;
  /** Before the handles are given back: how they are closed from now on. */
  sessionIsOver?(end: SessionEnd): void;
}
