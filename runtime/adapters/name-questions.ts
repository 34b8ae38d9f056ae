// Questions for names on their way to the host's resolver, which cannot be told that nobody wants the answer any more. Never more than a few
// of them at once: the connections of a device's own service are resolved by the same few threads.

import type { IpBytes } from '../../contracts/core/ip-address.ts';

type Found = (addresses: readonly IpBytes[]) => void;

/** Node resolves names in four threads (UV_THREADPOOL_SIZE), a slow one takes one of them for seconds. */
export const NAMES_AT_ONCE = 2;
/** Different names; a device has no more lines than these. */
export const NAMES_WAITING_MAX = 64;

/**
 * One question for each name, however many want its answer.
 *
 * @example
 *   const giveUp = questions.ask('example.com', (addresses) => …);
 */
export class NameQuestions {
  readonly #resolve: (name: string, found: Found) => void;
  readonly #asked = new Map<string, Set<Found>>();
  /** In the order of asking. */
  readonly #waiting = new Map<string, Set<Found>>();

  constructor(resolve: (name: string, found: Found) => void) {
    this.#resolve = resolve;
  }

  /** `found` is never called before this returns, nor after the returned function was. No addresses: the name is unknown, or too many wait. */
  ask(name: string, found: Found): () => void {
    const own: Found = (addresses) => found(addresses);
    const wanting = this.#asked.get(name) ?? this.#waiting.get(name) ?? new Set();
    if (wanting.size === 0 && !this.#asked.has(name)) {
      if (this.#waiting.size >= NAMES_WAITING_MAX) return refusedSoon(own);
      this.#waiting.set(name, wanting);
    }
    wanting.add(own);
    this.#askNext();
    return () => {
      wanting.delete(own);
      if (wanting.size === 0 && this.#waiting.get(name) === wanting) this.#waiting.delete(name);
    };
  }

  #askNext(): void {
    for (const [name, wanting] of this.#waiting) {
      if (this.#asked.size >= NAMES_AT_ONCE) return;
      this.#waiting.delete(name);
      this.#asked.set(name, wanting);
      this.#resolve(name, (addresses) => this.#answered(name, addresses));
    }
  }

  #answered(name: string, addresses: readonly IpBytes[]): void {
    const wanting = this.#asked.get(name) ?? new Set();
    this.#asked.delete(name);
    for (const found of wanting) found(addresses);
    this.#askNext();
  }
}

function refusedSoon(found: Found): () => void {
  let isWanted = true;
  queueMicrotask(() => {
    if (isWanted) found([]);
  });
  return () => (isWanted = false);
}
