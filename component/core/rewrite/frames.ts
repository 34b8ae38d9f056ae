// The open blocks of a body that is being rewritten: how high the operand stack was, and what the ways to each one's end owe. Numbers in
// arrays, no object for a block: a body may open millions.

export const KIND = { block: 0, loop: 1, if: 2 } as const;

/** No way leads to the end of the frame yet. */
const NONE = -1;
const FIELDS = 9;
const FIELD = {
  kind: 0,
  base: 1,
  params: 2,
  results: 3,
  owed: 4,
  unchecked: 5,
  startOwed: 6,
  startUnchecked: 7,
  level: 8,
} as const;

export class Frames {
  #numbers = new Float64Array(FIELDS * 64);
  /** Of the innermost frame; 0 is the function's, -1 after its end. */
  depth = -1;
  /** Blocks that are open in the rewritten body; a loop of the guest's may be two. */
  level = -1;
  /** What holds after `turnToElse` or before `close`. */
  owed = 0;
  unchecked = 0;
  dead = false;
  height = 0;

  /** A function begins. */
  reset(results: number): void {
    this.depth = this.level = -1;
    this.open(KIND.block, 0, 0, results, 0, 0, false);
  }

  open(
    kind: number,
    base: number,
    params: number,
    results: number,
    owed: number,
    unchecked: number,
    dead: boolean,
  ): void {
    this.depth++;
    this.level++;
    const at = this.depth * FIELDS;
    if (at + FIELDS > this.#numbers.length) {
      const grown = new Float64Array(this.#numbers.length * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    const numbers = this.#numbers;
    numbers[at] = kind;
    numbers[at + FIELD.base] = base;
    numbers[at + FIELD.params] = params;
    numbers[at + FIELD.results] = results;
    numbers[at + FIELD.owed] = NONE;
    numbers[at + FIELD.unchecked] = 0;
    numbers[at + FIELD.startOwed] = dead ? NONE : owed;
    numbers[at + FIELD.startUnchecked] = unchecked;
    numbers[at + FIELD.level] = this.level;
  }

  /** The innermost frame, a loop, has a second one around it in the rewritten body. */
  surround(by: number): void {
    this.level += by;
    this.#numbers[this.depth * FIELDS + FIELD.level] = this.level;
  }

  /** The label in the rewritten body of what is the frame's in the guest's. */
  label(depth: number): number {
    return this.level - this.#at(depth, FIELD.level);
  }

  kind(depth: number): number {
    return this.#at(depth, FIELD.kind);
  }

  /** How many values a branch to the frame carries. */
  arity(depth: number): number {
    return this.#at(depth, this.kind(depth) === KIND.loop ? FIELD.params : FIELD.results);
  }

  base(depth: number): number {
    return this.#at(depth, FIELD.base);
  }

  results(depth: number): number {
    return this.#at(depth, FIELD.results);
  }

  /** One more way to the end of the frame. */
  meet(depth: number, owed: number, unchecked: number): void {
    const numbers = this.#numbers;
    const at = depth * FIELDS;
    if (owed > this.#at(depth, FIELD.owed)) numbers[at + FIELD.owed] = owed;
    if (unchecked > this.#at(depth, FIELD.unchecked)) numbers[at + FIELD.unchecked] = unchecked;
  }

  /** The second arm begins as the first one did. */
  turnToElse(): void {
    const { depth } = this;
    this.#numbers[depth * FIELDS] = KIND.block;
    this.#set(this.#at(depth, FIELD.startOwed), this.#at(depth, FIELD.startUnchecked));
    this.height = this.base(depth) + this.#at(depth, FIELD.params);
  }

  /** An `if` without a second arm: one way leads past the first. */
  passElse(): void {
    const { depth } = this;
    const owed = this.#at(depth, FIELD.startOwed);
    if (owed !== NONE) this.meet(depth, owed, this.#at(depth, FIELD.startUnchecked));
  }

  /** What holds behind the innermost frame's end. */
  arrive(): void {
    const { depth } = this;
    this.#set(this.#at(depth, FIELD.owed), this.#at(depth, FIELD.unchecked));
    this.height = this.base(depth) + this.results(depth);
  }

  close(): void {
    this.depth--;
    this.level = this.depth < 0 ? -1 : this.#at(this.depth, FIELD.level);
  }

  #set(owed: number, unchecked: number): void {
    this.dead = owed === NONE;
    this.owed = this.dead ? 0 : owed;
    this.unchecked = this.dead ? 0 : unchecked;
  }

  #at(depth: number, field: number): number {
    return this.#numbers[depth * FIELDS + field] ?? 0;
  }
}
