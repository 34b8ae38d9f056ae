// The handles of one app: numbers that mean something to its broker session alone. Never a number twice in an app's life.

import type { Later } from '../../contracts/core/later.ts';
import { BudgetLine } from './app-budget.ts';
import type { NameLookup, TcpListener, TcpStream, UdpSocket } from '../ports.ts';
import type { AppTimer } from './app-timer.ts';
import type { AskedResource } from './grant-check.ts';
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
  | (Held<'timer'> & { readonly timer: AppTimer })
  | (Held<'tcp-stream'> & { readonly thing: TcpStream; readonly asked: AskedResource })
  | (Held<'tcp-listener'> & { readonly thing: TcpListener; readonly asked: AskedResource })
  | (Held<'udp-socket'> & { readonly thing: UdpSocket; readonly asked: AskedResource })
  | (Held<'name-lookup'> & { readonly name: string; readonly lookup: NameLookup })
  /** Something to wait for, of something else. */
  | Held<'watch'>;
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
  readonly #line: BudgetLine;
  #reserved = 0;
  #last = 0;

  constructor(line: BudgetLine = new BudgetLine(HANDLES_MAX)) {
    this.#line = line;
  }

  /** The newest handle; 0: none yet. */
  get last(): number {
    return this.#last;
  }

  /** Open and reserved places. */
  get used(): number {
    return this.#line.used;
  }

  get budget(): number {
    return this.#line.limit;
  }

  /** False: the budget is used up. After true, call `add` or `release` once. */
  reserve(): boolean {
    if (this.#last + this.#reserved >= HANDLE_NUMBER_MAX || !this.#line.take(1)) return false;
    this.#reserved++;
    return true;
  }

  /** Gives a reserved place back. */
  release(): void {
    this.#reserved--;
    this.#line.give(1);
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
    if (this.#open.delete(handle)) this.#line.give(1);
    return holding;
  }

  /** Takes out everything. */
  takeAll(): readonly Holding[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    this.#line.give(all.length);
    return all;
  }
}

function isOfKind<Kind extends HoldingKind>(holding: Holding, kind: Kind): holding is Extract<Holding, { kind: Kind }> {
  return holding.kind === kind;
}
