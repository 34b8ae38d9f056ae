// The handles of one app: numbers that mean something to its broker session alone. Never a number twice in an app's life.

import type { Later } from '../../component/later.ts';
import type { AppTimer } from './app-timer.ts';
import type { Waitable } from './waitable.ts';

interface Held<Kind extends string> {
  readonly kind: Kind;
  /** Present: the app can wait for it. */
  readonly waitable?: Waitable;
  /** Gives back what it stands for; called once, after the handle is gone. */
  readonly close?: () => Later<void>;
}

/** What a handle can stand for. */
export type Holding =
  | (Held<'gpio-input'> & { readonly pin: number })
  | (Held<'gpio-output'> & { readonly pin: number })
  | (Held<'timer'> & { readonly timer: AppTimer });
export type HoldingKind = Holding['kind'];

/** Open handles that one app may have at once, as a process has a file descriptor limit (EMFILE). */
export const HANDLES_MAX = 64;
const HANDLE_NUMBER_MAX = 0xffff_ffff;

/**
 * Numbers rise and are not used again, so that a stale handle is an error and never another thing that was opened since.
 * A place is reserved before the slow part of an open, so that many opens at once cannot go over the budget.
 */
export class HandleTable {
  readonly #open = new Map<number, Holding>();
  readonly #budget: number;
  #reserved = 0;
  #last = 0;

  constructor(budget: number = HANDLES_MAX) {
    this.#budget = budget;
  }

  /** The newest handle; 0: none yet. */
  get last(): number {
    return this.#last;
  }

  /** Open and reserved places. */
  get used(): number {
    return this.#open.size + this.#reserved;
  }

  get budget(): number {
    return this.#budget;
  }

  /** False: the budget is used up. After true, call `add` or `release` once. */
  reserve(): boolean {
    if (this.used >= this.#budget || this.#last + this.#reserved >= HANDLE_NUMBER_MAX) return false;
    this.#reserved++;
    return true;
  }

  /** Gives a reserved place back. */
  release(): void {
    this.#reserved--;
  }

  /** Fills a reserved place; the new handle, never 0. */
  add(holding: Holding): number {
    this.#reserved--;
    this.#last++;
    this.#open.set(this.#last, holding);
    return this.#last;
  }

  /** `undefined`: no such handle, or one of another kind. */
  get<Kind extends HoldingKind>(handle: number, kind: Kind): Extract<Holding, { kind: Kind }> | undefined {
    const holding = this.#open.get(handle);
    return holding !== undefined && isOfKind(holding, kind) ? holding : undefined;
  }

  /** What a wait on this handle waits for; `undefined`: no such handle, or nothing that one can wait for. */
  waitable(handle: number): Waitable | undefined {
    return this.#open.get(handle)?.waitable;
  }

  /** Takes the handle out of the table; `undefined`: there is no such handle. */
  take(handle: number): Holding | undefined {
    const holding = this.#open.get(handle);
    this.#open.delete(handle);
    return holding;
  }

  /** Takes out everything. */
  takeAll(): readonly Holding[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    return all;
  }
}

function isOfKind<Kind extends HoldingKind>(holding: Holding, kind: Kind): holding is Extract<Holding, { kind: Kind }> {
  return holding.kind === kind;
}
