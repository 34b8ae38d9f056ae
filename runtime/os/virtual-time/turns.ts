// One compartment computes at a time, and of several that have something to do the one with the smallest component id goes first.
// Never a clock: when the next turn comes is decided by whoever holds the turns.

import type { TurnPort } from '../../../host-apis/ports.ts';

export class Turns implements TurnPort {
  readonly #computing = new Set<string>();
  readonly #ready = new Map<string, () => void>();

  blocked(componentId: string): void {
    this.#computing.delete(componentId);
  }

  ready(componentId: string, go: () => void): void {
    this.#ready.set(componentId, go);
  }

  gone(componentId: string): void {
    this.#computing.delete(componentId);
    const go = this.#ready.get(componentId);
    this.#ready.delete(componentId);
    go?.();
  }

  /** Somebody computes; until it waits or is gone nobody else has a turn. */
  get isTaken(): boolean {
    return this.#computing.size > 0;
  }

  /** Somebody has something to do. */
  get isWanted(): boolean {
    return this.#ready.size > 0;
  }

  /** The next one's turn. False: nobody has anything to do. */
  next(): boolean {
    const [first] = [...this.#ready.keys()].sort();
    const go = first === undefined ? undefined : this.#ready.get(first);
    if (first === undefined || go === undefined) return false;
    this.#ready.delete(first);
    this.#computing.add(first);
    go();
    return true;
  }
}
