// A valid core module out of a list of numbers: blocks, loops that end, branch tables, calls, memory and floats in any nesting. It must never be
// used outside tests.

const LOCALS = 5;
const MAX_DEPTH = 7;

/** `block` labels take an i32 along; a branch to a `loop` counts its turns down first. */
type Label = { readonly kind: 'block' } | { readonly kind: 'loop'; readonly counter: number };

/**
 * The text of a module that exports `memory` and `run: func(i32) -> i32`. The same choices make the same program, which ends for every argument or
 * traps; when the choices are used up, what is left to choose is the simplest.
 */
export function randomProgram(choices: readonly number[]): string {
  const program = new Program(choices);
  const body = program.statements([{ kind: 'block' }]);
  const helper = program.statements([{ kind: 'block' }]);
  const locals = Array.from({ length: LOCALS - 1 + MAX_DEPTH }, () => 'i32').join(' ');
  return `(module (memory (export "memory") 1) (table funcref (elem $mix)) (type $mix (func (param i32 i32) (result i32)))
    (global $g (mut i32) (i32.const 3))
    (func $mix (type $mix) (i32.xor (i32.rotl (local.get 0) (i32.const 5)) (local.get 1)))
    (func $helper (param i32) (result i32) (local ${locals}) ${helper} (local.get 1))
    (func (export "run") (param i32) (result i32) (local ${locals}) (local.set 1 (call $helper (local.get 0))) ${body} (local.get 2)))`;
}

class Program {
  readonly #choices: number[];

  constructor(choices: readonly number[]) {
    this.#choices = [...choices].reverse();
  }

  #choose(below: number): number {
    return (this.#choices.pop() ?? 0) % below;
  }

  statements(labels: readonly Label[]): string {
    const list: string[] = [];
    for (let left = this.#choose(4); left >= 0 && this.#choices.length > 0; left--) list.push(this.#statement(labels));
    return list.join('\n');
  }

  #statement(labels: readonly Label[]): string {
    const deep = labels.length >= MAX_DEPTH;
    switch (this.#choose(deep ? 6 : 10)) {
      case 0:
        return `(local.set ${this.#choose(LOCALS)} ${this.#expression(3)})`;
      case 1:
        return `(i32.store (i32.and ${this.#expression(2)} (i32.const 1020)) ${this.#expression(2)})`;
      case 2:
        return `(memory.fill (i32.and ${this.#expression(1)} (i32.const 511)) (i32.const 7) (i32.and ${this.#expression(1)} (i32.const 255)))`;
      case 3:
        return `(if ${this.#expression(2)} (then ${this.#branch([{ kind: 'block' }, ...labels])}))`;
      case 4:
        return `(global.set $g ${this.#expression(2)})`;
      case 5:
        return `(if ${this.#expression(1)} (then (return ${this.#expression(1)})))`;
      case 6:
        return `(local.set 1 (block (result i32) ${this.statements([{ kind: 'block' }, ...labels])} ${this.#expression(1)}))`;
      case 7: {
        const inner: Label[] = [{ kind: 'block' }, ...labels];
        const arms = [this.statements(inner), this.statements(inner)];
        return `(local.set 2 (if (result i32) ${this.#expression(2)} (then ${arms[0]} (local.get 3)) (else ${arms[1]} (local.get 4))))`;
      }
      case 8:
        return this.#table(labels);
      default: {
        const counter = LOCALS + labels.length - 1;
        const inner: Label[] = [{ kind: 'loop', counter }, ...labels];
        return `(local.set ${counter} (i32.const ${2 + this.#choose(4)})) (loop ${this.statements(inner)} ${this.#again(0, counter)})`;
      }
    }
  }

  /** Inside an `if`, whose own label is the first and takes nothing along. */
  #branch(labels: readonly Label[]): string {
    const to = 1 + this.#choose(labels.length - 1);
    const label = labels[to];
    return label?.kind === 'loop' ? this.#again(to, label.counter) : `(br ${to} ${this.#expression(1)})`;
  }

  #again(to: number, counter: number): string {
    return `(br_if ${to} (i32.gt_s (local.tee ${counter} (i32.sub (local.get ${counter}) (i32.const 1))) (i32.const 0)))`;
  }

  #table(labels: readonly Label[]): string {
    const blocks = ['block', ...labels.map(({ kind }) => kind)].flatMap((kind, index) =>
      kind === 'block' ? [index] : [],
    );
    const targets = Array.from({ length: 1 + this.#choose(3) }, () => blocks[this.#choose(blocks.length)] ?? 0);
    return `(local.set 3 (block (result i32) (br_table ${targets.join(' ')} ${this.#expression(1)} ${this.#expression(1)})))`;
  }

  #expression(depth: number): string {
    if (depth === 0)
      return this.#choose(2) === 0 ? `(local.get ${this.#choose(LOCALS)})` : `(i32.const ${this.#choose(50) - 9})`;
    const [a, b] = [this.#expression(depth - 1), this.#expression(depth - 1)];
    switch (this.#choose(9)) {
      case 0:
        return a;
      case 1:
        return `(i32.add ${a} ${b})`;
      case 2:
        return `(i32.mul ${a} ${b})`;
      case 3:
        return `(i32.lt_s ${a} ${b})`;
      case 4:
        return `(call $mix ${a} ${b})`;
      case 5:
        return `(call_indirect (type $mix) ${a} ${b} (i32.const 0))`;
      case 6:
        return `(i32.load8_u (i32.and ${a} (i32.const 1023)))`;
      case 7:
        return `(i32.trunc_sat_f64_s (f64.sqrt (f64.div (f64.convert_i32_s ${a}) (f64.convert_i32_s ${b}))))`;
      default:
        // One in some hundred traps.
        return `(i32.div_s ${a} (i32.or ${b} (i32.const 64)))`;
    }
  }
}
