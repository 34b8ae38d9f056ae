// The silicon firewall in front of every peripheral and memory. Types only. What no row allows is denied.

import type { Master } from '../../contracts/core/chip.ts';

/** One row: this master, in these contexts, may reach these addresses. */
export interface FirewallRow {
  readonly name: string;
  readonly master: Master;
  /** Contexts of the master; on masters without contexts it is [0]. */
  readonly contexts: readonly number[];
  readonly base: number;
  readonly size: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  /** A locked row stays as it is until reset. */
  readonly locked: boolean;
}

export interface Violation {
  readonly master: Master;
  readonly context: number;
  readonly address: number;
  readonly access: 'read' | 'write' | 'execute';
  /** The region's name, or `unmapped`. */
  readonly region: string;
  readonly atNs: bigint;
}

/** Reached by the secure world alone. */
export interface Firewall {
  rows(): readonly FirewallRow[];
  /** Adds a row. Errors: `firewall-full`, `firewall-row-malformed`. */
  add(row: FirewallRow): void;
  /** Takes away every unlocked row that names this context of this master alone. */
  removeContext(master: Master, context: number): void;
  /** Recorded denials since power-on, oldest first, bounded; the total counts on. */
  violations(): { readonly total: number; readonly recent: readonly Violation[] };
  onViolation(listener: (violation: Violation) => void): void;
}

export type FirewallFaultCode = 'firewall-full' | 'firewall-row-malformed' | 'firewall-locked';
