// The silicon firewall: rows of (master, contexts, addresses, rights). Whatever no row allows is denied, recorded and reported.

import type { Master } from '../../contracts/core/chip.ts';
import { CONTEXTS, REGION } from '../../contracts/core/chip.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { Clock } from '../hil/clock.ts';
import type { Firewall, FirewallFaultCode, FirewallRow, Violation } from '../hil/firewall.ts';

export class FirewallFault extends CodedError<FirewallFaultCode> {}

/** Rows in the silicon's table; the MT3620 has a fixed number per firewall as well. */
export const FIREWALL_ROWS = 256;
/** Denials that are kept one by one; the total counts on. */
export const VIOLATIONS_KEPT = 256;
const ADDRESSES = 2 ** 32;

export interface Access {
  readonly master: Master;
  readonly context: number;
  readonly address: number;
  readonly length: number;
  readonly access: Violation['access'];
}

export class BusFirewall implements Firewall {
  readonly #clock: Clock;
  readonly #rows: FirewallRow[] = [];
  readonly #recent: Violation[] = [];
  readonly #listeners: ((violation: Violation) => void)[] = [];
  #total = 0;

  /** At reset only the secure world and Pluton reach anything. */
  constructor(clock: Clock) {
    this.#clock = clock;
    for (const master of ['a7Secure', 'pluton'] as const) {
      // One byte less than all: a size is a 32-bit number, and nothing lies at the last address.
      const all = { base: 0, size: ADDRESSES - 1, read: true, write: true, execute: true };
      this.#rows.push({ name: `reset: ${master}`, master, contexts: [0], ...all, locked: true });
    }
  }

  rows(): readonly FirewallRow[] {
    return [...this.#rows];
  }

  add(row: FirewallRow): void {
    if (!isWellFormed(row)) throw new FirewallFault('firewall-row-malformed', `row ${row.name}`, { fault: 'caller' });
    if (this.#rows.length >= FIREWALL_ROWS)
      throw new FirewallFault('firewall-full', `${FIREWALL_ROWS} rows`, { fault: 'world' });
    this.#rows.push(Object.freeze({ ...row, contexts: [...row.contexts] }));
  }

  removeContext(master: Master, context: number): void {
    const stays = (row: FirewallRow): boolean =>
      row.locked || row.master !== master || row.contexts.length !== 1 || row.contexts[0] !== context;
    this.#rows.splice(0, this.#rows.length, ...this.#rows.filter(stays));
  }

  violations(): { readonly total: number; readonly recent: readonly Violation[] } {
    return { total: this.#total, recent: [...this.#recent] };
  }

  onViolation(listener: (violation: Violation) => void): void {
    this.#listeners.push(listener);
  }

  /** Whether one row covers the whole access; a denial is recorded. For the bus alone. */
  allows({ master, context, address, length, access }: Access): boolean {
    const covers = (row: FirewallRow): boolean =>
      row[access] &&
      row.master === master &&
      row.contexts.includes(context) &&
      address >= row.base &&
      address + length <= row.base + row.size;
    if (this.#rows.some(covers)) return true;
    this.#record({ master, context, address, access, region: regionName(address), atNs: this.#clock.nowNs() });
    return false;
  }

  #record(violation: Violation): void {
    this.#total += 1;
    this.#recent.push(violation);
    if (this.#recent.length > VIOLATIONS_KEPT) this.#recent.shift();
    for (const listener of this.#listeners) listener(violation);
  }
}

/** The name of the region that this address lies in, or `unmapped`. */
export function regionName(address: number): string {
  for (const [name, { base, size }] of Object.entries(REGION)) {
    if (address >= base && address < base + size) return name;
  }
  return 'unmapped';
}

function isWellFormed({ base, size, contexts }: FirewallRow): boolean {
  const inAddressSpace =
    Number.isInteger(base) && Number.isInteger(size) && base >= 0 && size > 0 && base + size <= ADDRESSES;
  const isContext = (context: number): boolean => Number.isInteger(context) && context >= 0 && context < CONTEXTS;
  return inAddressSpace && contexts.length > 0 && contexts.every(isContext);
}
