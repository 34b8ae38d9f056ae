// Runs the commands of a core WebAssembly reference script on modules that were rewritten first. Values go through memory and never through
// numbers of JavaScript, so that each bit of a NaN is compared. It must never be used outside tests.

import { encodeU32 } from '../../component/binary/binary-reader.ts';
import { ComponentError } from '../../component/component-error.ts';
import type { CoreFuncType, CoreValueType } from '../../component/core/core-types.ts';
import type { CoreModule } from '../../component/core/read-core-module.ts';
import { readCoreModule } from '../../component/core/read-core-module.ts';
import { componentFromText } from './components.ts';
import { coreBytes, coreSection } from './core-modules.ts';
import type { Constant } from './wast-constants.ts';
import { WastConstants } from './wast-constants.ts';
import type { Sexp, WastForm } from './wast.ts';
import { unquote, unquoteBytes, wastForms } from './wast.ts';

export interface ScriptHost {
  /** The module's bytes as they are to run. */
  readonly rewrite: (module: CoreModule) => Uint8Array;
  /** Imports besides the script's own. */
  readonly imports: WebAssembly.Imports;
  /** Whether an error is the end that a script calls `call stack exhausted`. */
  readonly isExhaustion: (error: unknown) => boolean;
  /** After a guest has trapped: scripts go on with the same instance, which no host of ours does. */
  readonly recover: () => void;
  /** Arithmetic may make one NaN only. */
  readonly canonicalNan: boolean;
}

export interface ScriptTally {
  returns: number;
  traps: number;
  exhaustions: number;
  readonly faults: string[];
}

interface Instance {
  readonly exports: WebAssembly.Exports;
  readonly types: ReadonlyMap<string, CoreFuncType>;
}

const CODE: Readonly<Record<CoreValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
};
const LOAD: Readonly<Record<string, readonly number[]>> = {
  i32: [0x28, 2],
  i64: [0x29, 3],
  f32: [0x2a, 2],
  f64: [0x2b, 3],
  v128: [0xfd, 0, 4],
};
const STORE: Readonly<Record<string, readonly number[]>> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 11, 4],
};
const SLOT_BYTES = 16;
const RESULTS_AT = 32_768;
/** A trap may be what the script wants: what is wrong with the test itself is another error. */
class WrongResult extends Error {}

export async function runCoreScript(source: string, host: ScriptHost): Promise<ScriptTally> {
  const forms = wastForms(source);
  const script = new CoreScript(host, await WastConstants.of(forms));
  for (const form of forms) await script.run(form);
  return script.tally;
}

class CoreScript {
  readonly tally: ScriptTally = { returns: 0, traps: 0, exhaustions: 0, faults: [] };
  readonly #host: ScriptHost;
  readonly #constants: WastConstants;
  readonly #named = new Map<string, Instance | undefined>();
  readonly #definitions = new Map<string, WastForm>();
  readonly #registered: WebAssembly.Imports;
  /** `undefined` while the last module is one that is refused on purpose: its commands are passed over. */
  #last: Instance | undefined;

  constructor(host: ScriptHost, constants: WastConstants) {
    this.#host = host;
    this.#constants = constants;
    this.#registered = { spectest: spectest(), ...host.imports };
  }

  async run(form: WastForm): Promise<void> {
    const [head, second] = form.tree;
    const action = second as readonly Sexp[];
    try {
      switch (head) {
        case 'module':
          return await this.#module(form);
        case 'register':
          return this.#register(form.tree);
        case 'invoke':
        case 'get':
          return void this.#act(form.tree);
        case 'assert_return':
          return this.#assertReturn(action, form.tree.slice(2));
        case 'assert_trap':
          if (action[0] === 'module') return await this.#assertModuleTrap(form);
          if (this.#fails(action, (error) => error instanceof WebAssembly.RuntimeError)) this.tally.traps++;
          return;
        case 'assert_exhaustion':
          if (this.#fails(action, this.#host.isExhaustion)) this.tally.exhaustions++;
          return;
        default:
          return;
      }
    } catch (error) {
      this.tally.faults.push(`line ${form.line}: ${String(head)}: ${String(error)}`);
      this.#host.recover();
    }
  }

  async #module(form: WastForm): Promise<void> {
    const { tree } = form;
    if (tree[1] === 'definition') {
      this.#definitions.set(String(tree[2]), form);
      return;
    }
    const definition = tree[1] === 'instance' ? this.#definitions.get(String(tree[3])) : undefined;
    const name = tree[1] === 'instance' ? tree[2] : tree[1];
    this.#last = await this.#instantiate((definition ?? form).text, (definition ?? form).tree);
    if (typeof name === 'string' && name.startsWith('$')) this.#named.set(name, this.#last);
  }

  /** `undefined` for what is refused on purpose, or imports from such a module. */
  async #instantiate(text: string, tree: readonly Sexp[]): Promise<Instance | undefined> {
    if (tree.includes('quote')) return undefined;
    const binary = tree.indexOf('binary');
    const bytes =
      binary > 0
        ? Uint8Array.from(tree.slice(binary + 1).flatMap((atom) => [...unquoteBytes(atom)]))
        : await parsed(text.replace(/^\(module\s+(definition|instance)/, '(module'));
    let module: CoreModule;
    try {
      module = readCoreModule(bytes);
    } catch (error) {
      if (error instanceof ComponentError) return undefined;
      throw error;
    }
    if (module.imports.some(({ module: from, name }) => this.#registered[from]?.[name] === undefined)) return undefined;
    const rewritten = Uint8Array.from(this.#host.rewrite(module));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(rewritten), this.#registered);
    const types = module.exports.flatMap((exported): [string, CoreFuncType][] =>
      exported.kind === 'func' ? [[exported.name, exported.type]] : [],
    );
    return { exports, types: new Map(types) };
  }

  #register(tree: readonly Sexp[]): void {
    const instance = tree.length > 2 ? this.#named.get(String(tree[2])) : this.#last;
    if (instance !== undefined) this.#registered[unquote(tree[1])] = instance.exports;
  }

  async #assertModuleTrap({ text, tree }: WastForm): Promise<void> {
    const module = tree[1] as readonly Sexp[];
    const inner = text.slice(text.indexOf('(module'), text.lastIndexOf(')', text.lastIndexOf('"') - 2) + 1);
    const cut = inner.slice(0, text.lastIndexOf('"', text.lastIndexOf('"') - 1) - text.indexOf('(module'));
    try {
      if ((await this.#instantiate(cut, module)) === undefined) return;
    } catch (error) {
      this.#host.recover();
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      this.tally.traps++;
      return;
    }
    throw new WrongResult('no trap');
  }

  /** False if the command is passed over. */
  #fails(action: readonly Sexp[], isWanted: (error: unknown) => boolean): boolean {
    try {
      if (this.#act(action) === undefined) return false;
    } catch (error) {
      this.#host.recover();
      if (isWanted(error)) return true;
      throw error;
    }
    throw new WrongResult('no trap');
  }

  #assertReturn(action: readonly Sexp[], wanted: readonly Sexp[]): void {
    const results = this.#act(action);
    if (results === undefined) return;
    if (results.length !== wanted.length) throw new WrongResult(`${results.length} results, ${wanted.length} wanted`);
    results.forEach((result, index) => {
      const alternatives = this.#constants.alternatives(wanted[index]);
      // A negation keeps the bits of a NaN but its sign.
      const canonicalNan = this.#host.canonicalNan && !action.some((part) => String(part).includes('neg'));
      if (!alternatives.some((alternative) => matches(result, alternative, canonicalNan)))
        throw new WrongResult(`result ${index}: ${show(result)}, wanted ${JSON.stringify(wanted[index])}`);
    });
    this.tally.returns++;
  }

  /** The results, each as its 16 bytes or as a reference; `undefined` if the module is one that is passed over. */
  #act(action: readonly Sexp[]): unknown[] | undefined {
    const [head, second] = action;
    const named = typeof second === 'string' && second.startsWith('$');
    const instance = named ? this.#named.get(second) : this.#last;
    if (instance === undefined) return undefined;
    const name = unquote(action[named ? 2 : 1]);
    const exported = instance.exports[name];
    if (head === 'get') {
      if (!(exported instanceof WebAssembly.Global)) throw new WrongResult(`no global ${name}`);
      return [exported];
    }
    const type = instance.types.get(name);
    if (typeof exported !== 'function' || type === undefined) throw new WrongResult(`no function ${name}`);
    const args = action.slice(named ? 3 : 2).map((arg) => this.#constants.alternatives(arg)[0]);
    return call(exported, type, args);
  }
}

/** The same scripts run in several modes. */
const texts = new Map<string, Promise<Uint8Array>>();

async function parsed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = texts.get(text) ?? componentFromText(text);
  texts.set(text, bytes);
  return Uint8Array.from(await bytes);
}

const wrappers = new Map<string, WebAssembly.Module>();

function call(exported: unknown, type: CoreFuncType, args: readonly (Constant | undefined)[]): unknown[] {
  const key = `${type.params.join()}:${type.results.join()}`;
  const module = wrappers.get(key) ?? new WebAssembly.Module(wrapper(type));
  wrappers.set(key, module);
  const { exports } = new WebAssembly.Instance(module, { '': { f: exported as WebAssembly.ImportValue } });
  const bytes = new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
  args.forEach((arg, index) => bytes.set(arg?.bytes ?? [], index * SLOT_BYTES));
  const references = args.filter((arg) => arg?.reference !== undefined).map((arg) => arg?.reference?.value);
  const answer: unknown = (exports['call'] as (...references: unknown[]) => unknown)(...references);
  const count = type.results.filter(isReference).length;
  const given: unknown[] = count > 1 ? [...(answer as unknown[])] : [answer];
  return type.results.map((result, index) =>
    isReference(result)
      ? { reference: given.shift() }
      : bytes.slice(RESULTS_AT + index * SLOT_BYTES, RESULTS_AT + (index + 1) * SLOT_BYTES),
  );
}

function isReference(type: CoreValueType): boolean {
  return type === 'funcref' || type === 'externref';
}

/** A module whose `call` takes numbers from memory and puts them there; references are its own parameters and results. */
function wrapper({ params, results }: CoreFuncType): Uint8Array<ArrayBuffer> {
  const types = (list: readonly CoreValueType[]): number[] => [
    ...encodeU32(list.length),
    ...list.map((type) => CODE[type]),
  ];
  const given = params.filter(isReference);
  const code: number[] = [];
  let reference = 0;
  params.forEach((type, index) => {
    if (isReference(type)) code.push(0x20, ...encodeU32(reference++));
    else code.push(0x41, 0, ...(LOAD[type] ?? []), ...encodeU32(index * SLOT_BYTES));
  });
  code.push(0x10, 0);
  const local = (index: number): number[] => encodeU32(given.length + index);
  for (let index = results.length - 1; index >= 0; index--) code.push(0x21, ...local(index));
  results.forEach((type, index) => {
    if (!isReference(type))
      code.push(0x41, 0, 0x20, ...local(index), ...(STORE[type] ?? []), ...encodeU32(RESULTS_AT + index * SLOT_BYTES));
  });
  results.forEach((type, index) => {
    if (isReference(type)) code.push(0x20, ...local(index));
  });
  const locals = [...encodeU32(results.length), ...results.flatMap((type) => [1, CODE[type]])];
  const body = [...locals, ...code, 0x0b];
  const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
  return coreBytes(
    coreSection(
      1,
      2,
      0x60,
      ...types(params),
      ...types(results),
      0x60,
      ...types(given),
      ...types(results.filter(isReference)),
    ),
    coreSection(2, 1, ...name(''), ...name('f'), 0, 0),
    coreSection(3, 1, 1),
    coreSection(5, 1, 0, 1),
    coreSection(7, 2, ...name('memory'), 2, 0, ...name('call'), 0, 1),
    coreSection(10, 1, ...encodeU32(body.length), ...body),
  );
}

function matches(result: unknown, wanted: Constant, canonicalNan: boolean): boolean {
  if (result instanceof WebAssembly.Global) return wanted.matchesNumber(result.value);
  if (result instanceof Uint8Array) return wanted.matchesBytes(result, canonicalNan);
  return wanted.matchesReference((result as { reference: unknown }).reference);
}

function show(result: unknown): string {
  return result instanceof Uint8Array ? Buffer.from(result).toString('hex') : JSON.stringify(result);
}

function spectest(): Record<string, WebAssembly.ImportValue> {
  const nothing = (): void => undefined;
  const constant = (value: WebAssembly.ValueType, number: number | bigint): WebAssembly.Global =>
    new WebAssembly.Global({ value }, number);
  return {
    print: nothing,
    print_i32: nothing,
    print_i64: nothing,
    print_f32: nothing,
    print_f64: nothing,
    print_i32_f32: nothing,
    print_f64_f64: nothing,
    global_i32: constant('i32', 666),
    global_i64: constant('i64', 666n),
    global_f32: constant('f32', 666.6),
    global_f64: constant('f64', 666.6),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}
