import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GuestTrap } from '../../component/abi/trap.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { Value } from '../../component/value-types.ts';
import { componentFromText } from '../../test/support/components.ts';
import { corpus } from '../../test/support/corpus.ts';
import type { Sexp, WastForm } from '../../test/support/wast.ts';
import { unquote, wastForms } from '../../test/support/wast.ts';
import { wastValue } from '../../test/support/wast-values.ts';
import type { LinkedComponent } from './link.ts';
import { linkComponent } from './link.ts';

/** Refusals on purpose: the asynchronous ABI, maps, modules with two memories, and exceptions are outside of what a device runs. */
const OUTSIDE = ['async-not-supported', 'feature-not-supported', 'memories-too-many', 'core-feature-not-supported'];

/** Runs one script; every command that does not come out as it says is a line of `faults`. */
class Script {
  readonly #definitions = new Map<string, Uint8Array>();
  readonly #instances = new Map<string, LinkedComponent>();
  /** `undefined` as well while the last component is one of those that are refused on purpose: its commands are passed over. */
  #last: LinkedComponent | undefined;
  readonly faults: string[] = [];
  checked = 0;
  /** Components that were refused on purpose, by code. */
  readonly refused: Record<string, number> = {};

  async run(form: WastForm): Promise<void> {
    const { tree } = form;
    const [head, second] = tree;
    const needsInstance = head === 'invoke' || (head !== 'component' && (tree[1] as readonly Sexp[])[0] === 'invoke');
    if (needsInstance && this.#last === undefined) return;
    try {
      if (head === 'component' && second === 'definition') {
        const text = form.text.replace(/^\(component\s+definition/, '(component');
        this.#definitions.set(String(tree[2]), await componentFromText(text));
      } else if (head === 'component') await this.#instantiate(form.text, tree);
      else if (head === 'invoke') this.#invoke(tree);
      else if (head === 'assert_return') this.#assertReturn(tree);
      else if (head === 'assert_trap') await this.#assertTrap(form);
      else if (head === 'assert_invalid') await this.#assertInvalid(form);
      else throw new Error(`the command ${String(head)}`);
      this.checked++;
    } catch (error) {
      if (head === 'component' && error instanceof ComponentError && OUTSIDE.includes(error.code)) {
        this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
        return;
      }
      this.faults.push(`line ${form.line}: ${String(head)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #instantiate(text: string, tree: readonly Sexp[]): Promise<void> {
    let bytes: Uint8Array;
    let name: Sexp | undefined;
    if (tree[1] === 'instance') {
      const definition = this.#definitions.get(String(tree[3]));
      if (definition === undefined) throw new Error(`no definition ${String(tree[3])}`);
      [bytes, name] = [definition, tree[2]];
    } else [bytes, name] = [await componentFromText(text), tree[1]];
    this.#last = undefined;
    const linked = linkComponent(bytes, new Map(), { memoryPages: 1024 });
    linked.start();
    this.#last = linked;
    if (typeof name === 'string' && name.startsWith('$')) this.#instances.set(name, this.#last);
  }

  #invoke(tree: readonly Sexp[]): { value: Value; type: Parameters<typeof wastValue>[1] | undefined } {
    const [, second] = tree;
    const named = typeof second === 'string' && second.startsWith('$');
    const instance = named ? this.#instances.get(second) : this.#last;
    const [name, ...args] = tree.slice(named ? 2 : 1);
    if (instance === undefined) throw new Error('nothing is instantiated');
    const func = instance.func(unquote(name));
    const values = func.type.params.map(({ type }, index) => wastValue(args[index], type));
    return { value: func.call(...values), type: func.type.result };
  }

  #assertReturn(tree: readonly Sexp[]): void {
    const { value, type } = this.#invoke(tree[1] as readonly Sexp[]);
    const wanted = type === undefined || tree[2] === undefined ? undefined : wastValue(tree[2], type);
    if (!same(value, wanted)) throw new Error(`${show(value)}, ${show(wanted)} is wanted`);
  }

  async #assertTrap(form: WastForm): Promise<void> {
    const action = form.tree[1] as readonly Sexp[];
    try {
      if (action[0] === 'component') {
        await this.#instantiate(
          form.text.slice(form.text.indexOf('(component'), form.text.lastIndexOf('"', form.text.length - 3)),
          action,
        );
      } else this.#invoke(action);
    } catch (error) {
      if (error instanceof GuestTrap || error instanceof WebAssembly.RuntimeError) return;
      throw error;
    }
    throw new Error(`no trap, wanted ${String(form.tree[2])}`);
  }

  async #assertInvalid(form: WastForm): Promise<void> {
    const text = form.text.slice(
      form.text.indexOf('(component'),
      form.text.lastIndexOf(')', form.text.lastIndexOf('"') - 2) + 1,
    );
    try {
      linkComponent(await componentFromText(text), new Map(), { memoryPages: 1024 });
    } catch (error) {
      if (error instanceof ComponentError) return;
      throw error;
    }
    throw new Error('no refusal');
  }
}

function same(a: Value, b: Value): boolean {
  return show(a) === show(b);
}

function show(value: Value): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (Number.isNaN(part)) return 'nan';
    return Object.is(part, -0) ? '-0' : part;
  });
}

/** Script, commands that are checked, components that are refused on purpose. The numbers keep a script from passing on nothing. */
const SCRIPTS: readonly (readonly [string, number, Readonly<Record<string, number>>])[] = [
  ['linking/link-time-virtualization', 8, {}],
  ['linking/shared-everything-dynamic-linking', 14, {}],
  ['linking/tags', 2, { 'core-feature-not-supported': 4 }],
  ['linking/unit', 217, { 'memories-too-many': 3 }],
  ['resources/borrows', 5, {}],
  ['resources/handle-table', 29, {}],
  ['resources/multiple-resources', 2, {}],
  ['values/alignment', 25, {}],
  ['values/concat', 36, { 'feature-not-supported': 1 }],
  ['values/numerics', 26, {}],
  ['values/post-return', 6, { 'async-not-supported': 30 }],
  ['values/realloc', 16, {}],
  ['values/strings', 17, {}],
  ['values/transcode', 10, {}],
  ['values/variants', 9, { 'async-not-supported': 1 }],
];

for (const [name, commands, refused] of SCRIPTS) {
  test(`the reference script ${name} runs as it says`, async (t) => {
    const folder = corpus(t, 'component-model');
    if (folder === undefined) return;
    const script = new Script();
    for (const form of wastForms(readFileSync(join(folder, `${name}.wast`), 'utf8'))) await script.run(form);
    t.deepEqual(script.faults, []);
    t.deepEqual({ commands: script.checked, refused: script.refused }, { commands, refused });
  });
}
