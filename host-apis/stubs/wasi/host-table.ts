// The host's side of one kind of resource: what a guest's handle stands for. Never more entries than the guest has handles.

/** Representations are never used again while the app lives: one that was dropped is nothing, not the next one. */
export class HostTable<Held> {
  readonly #held = new Map<number, Held>();
  readonly #onDrop: (held: Held) => void;
  #last = 0;

  constructor(onDrop: (held: Held) => void = () => undefined) {
    this.#onDrop = onDrop;
  }

  /** Its representation, for an `own` handle. */
  add(held: Held): number {
    this.#last++;
    this.#held.set(this.#last, held);
    return this.#last;
  }

  /** Of a representation that came from `add`; the canonical ABI hands over no other. Throws for one that was dropped. */
  get(rep: number): Held {
    const held = this.#held.get(rep);
    if (held === undefined) throw new RangeError(`representation ${rep} stands for nothing`);
    return held;
  }

  /** What a resource type's destructor does. */
  drop(rep: number): void {
    const held = this.take(rep);
    if (held !== undefined) this.#onDrop(held);
  }

  /** As `drop`, without telling it: for what goes over into something else. */
  take(rep: number): Held | undefined {
    const held = this.#held.get(rep);
    this.#held.delete(rep);
    return held;
  }

  get size(): number {
    return this.#held.size;
  }
}
