// Brings the firewall's violations into the audit trail. Never acts on one: the silicon has refused the access already.

import type { AuditTrail } from './audit-trail.ts';
import { toMilliseconds } from './device-time.ts';
import type { SecureCalls } from './secure-calls.ts';

/** One fetch at a time: a storm of violations is as many interrupts, and must not become as many calls. */
export class ViolationWatch {
  readonly #monitor: SecureCalls;
  readonly #trail: AuditTrail;
  /** The first violation that is not yet in the trail. */
  #next = 0;
  #isFetching = false;
  #isAskedAgain = false;

  constructor(monitor: SecureCalls, trail: AuditTrail) {
    this.#monitor = monitor;
    this.#trail = trail;
  }

  /** The interrupt `firewallViolation` came. Errors: `SecureCallRefused`. */
  async interrupted(): Promise<void> {
    this.#isAskedAgain = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        await this.#fetch();
      }
    } finally {
      this.#isFetching = false;
    }
  }

  async #fetch(): Promise<void> {
    const { total, records } = await this.#monitor.call({ call: 'violations', first: this.#next });
    const unseen = records.slice(Math.max(0, records.length - (total - this.#next)));
    this.#next = total;
    for (const { master, context, region, address, access, atNs } of unseen) {
      this.#trail.record({ t: toMilliseconds(atNs), kind: 'violation', master, context, region, address, access });
    }
  }
}
