// What a device remembers of an app that ended badly, for a person or a service that has to find out why. Printable and bounded: parts of
// it are the guest's own words.

import { TRAP_KINDS } from '../core/trap-facts.ts';

/**
 * Why it ended: one of the traps of the guest; `runner-heap-exhausted`: what its host calls cost in the runner; `over-limit`: of what was
 * queued for it; `cut-off`: it broke the protocol of the broker; `killed`: from outside, or at the end of its grace period; `exit-code`: by
 * itself, with another code than 0; `refused`: before its first instruction. Only grows.
 */
export const CRASH_CAUSES = [
  ...TRAP_KINDS,
  'runner-heap-exhausted',
  'over-limit',
  'cut-off',
  'killed',
  'exit-code',
  'refused',
] as const;
export type CrashCause = (typeof CRASH_CAUSES)[number];

export interface CrashRecord {
  /** Milliseconds since power-on. */
  readonly t: number;
  readonly app: string;
  readonly componentId: string;
  readonly imageId: string;
  readonly cause: CrashCause;
  /** Of the canonical ABI's rule, the broker or the refusal; `null` for the others. */
  readonly code: string | null;
  readonly detail: string;
  /** Innermost function of the guest first: `[function index] +0xoffset name`. */
  readonly stack: readonly string[];
  /** Units; `null` without a meter. */
  readonly fuelUsed: number | null;
  /** Oldest first. */
  readonly lastCalls: readonly CrashCall[];
  /** Of the process. A trap has the runner's (contracts/core/last-words.ts). */
  readonly exitCode: number | null;
  readonly signal: number | null;
  /** How often it had been restarted before. */
  readonly restarts: number;
}

export interface CrashCall {
  readonly function: string;
  readonly resource: string;
  /** `ok`, a code of the API, or `unanswered`. */
  readonly outcome: string;
}

export const CRASH_TEXT_MAX = 256;
/** Records in one answer: each has under 4 KiB. */
export const CRASHES_TOLD_MAX = 12;
