// Where every call of one app is asked for, counted and, if refused, written to the audit trail. Never a call around it.

import type { AppFunction, AppReply } from '../../contracts/wire/app-call.ts';
import type { FunctionRule } from '../capabilities.ts';
import { FUNCTION_RULES } from '../capabilities.ts';
import type { AppIdentity, AuditPort, PortResult } from '../ports.ts';
import type { CallLog } from './call-log.ts';
import type { AskedResource, GrantCheck } from './grant-check.ts';
import { describeResource } from './grant-check.ts';
import type { HandleTable } from './handle-table.ts';
import { refuse } from './replies.ts';

/** How often a function was called and went past the grant check, and how often it did not. */
export interface CallCount {
  readonly granted: number;
  readonly denied: number;
}

export interface GateParts {
  readonly app: AppIdentity;
  readonly check: GrantCheck;
  readonly audit: AuditPort;
  readonly handles: HandleTable;
  readonly calls: CallLog;
}

export class Gate {
  readonly #parts: GateParts;
  readonly #counts = new Map<AppFunction, CallCount>();
  #reportedUsedUpAt = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Grants are counted, denials audited one by one. `undefined`: go on. */
  ask(name: AppFunction, asked: AskedResource | undefined): AppReply | undefined {
    this.#parts.calls.asks(asked);
    const rule = RULES.get(name);
    // `handle.close` has no rule: giving something back needs no grant.
    const allowed = rule === undefined || this.#parts.check.allows(rule, asked);
    const { granted, denied } = this.#counts.get(name) ?? { granted: 0, denied: 0 };
    this.#counts.set(name, allowed ? { granted: granted + 1, denied } : { granted, denied: denied + 1 });
    if (allowed) return undefined;
    const error = rule.denial ?? 'access-denied';
    const resource = describeResource(asked);
    this.#parts.audit.denied(this.#parts.app, {
      interface: rule.interface,
      function: rule.name,
      resource,
      error,
      layer: 'broker',
    });
    return refuse(error);
  }

  /** What a port's refusal answers; a denial of the firewall is audited like one of our own, under its own name. */
  portRefused(name: AppFunction, asked: AskedResource, refused: Extract<PortResult<unknown>, { ok: false }>): AppReply {
    const rule = RULES.get(name);
    if (refused.layer === 'firewall' && rule !== undefined) {
      const { error, layer } = refused;
      this.#parts.audit.denied(this.#parts.app, {
        interface: rule.interface,
        function: rule.name,
        resource: describeResource(asked),
        error,
        layer,
      });
    }
    return refuse(refused.error);
  }

  /** Told to the audit trail once for every time that the app reaches its budget, not for every call beyond it. */
  handlesUsedUp(): AppReply {
    const { app, audit, handles } = this.#parts;
    const lastHandle = handles.last;
    if (this.#reportedUsedUpAt !== lastHandle) audit.limit(app, 'handles', handles.used + 1, handles.budget);
    this.#reportedUsedUpAt = lastHandle;
    return refuse('too-many-handles');
  }

  /** By function; those that were never called are absent. */
  counts(): ReadonlyMap<AppFunction, CallCount> {
    return this.#counts;
  }
}

const RULES: ReadonlyMap<AppFunction, FunctionRule> = new Map(FUNCTION_RULES.map((rule) => [rule.function, rule]));
