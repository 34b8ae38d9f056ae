// The component-model reference scripts as cases for oracles: every definition, and for each instance its calls in their order. It must
// never decide what a call should give: the scripts' own assertions are checked elsewhere, here two engines are compared.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { componentFromText } from '../support/components.ts';
import type { Sexp, WastForm } from '../support/wast.ts';
import { unquote, wastForms } from '../support/wast.ts';

export interface ScriptCall {
  readonly line: number;
  readonly name: string;
  readonly args: readonly Sexp[];
}

export interface ScriptCase {
  /** Script and line. */
  readonly where: string;
  /** `undefined`: wasm-tools does not parse the text. */
  readonly bytes: Uint8Array | undefined;
  /** What the script says of it: `invalid` never links, `traps` ends as it is instantiated, a `definition` is not run by itself. */
  readonly stands: 'good' | 'definition' | 'invalid' | 'traps';
  readonly calls: ScriptCall[];
}

/** Every component of every script below `folder`. */
export async function scriptCases(folder: string): Promise<ScriptCase[]> {
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wast'));
  const cases: ScriptCase[] = [];
  for (const script of scripts.sort()) cases.push(...(await casesOf(folder, script)));
  return cases;
}

async function casesOf(folder: string, script: string): Promise<ScriptCase[]> {
  const cases: ScriptCase[] = [];
  const named = new Map<string, ScriptCase>();
  const definitions = new Map<string, Uint8Array | undefined>();
  let last: ScriptCase | undefined;
  const add = (form: WastForm, stands: ScriptCase['stands'], bytes: Uint8Array | undefined): ScriptCase => {
    const found: ScriptCase = { where: `${script}:${form.line}`, bytes, stands, calls: [] };
    cases.push(found);
    return found;
  };
  for (const form of wastForms(readFileSync(join(folder, script), 'utf8'))) {
    const [head, second, third, fourth] = form.tree;
    const action = head === 'invoke' ? form.tree : (second as readonly Sexp[]);
    if (head === 'component' && second === 'definition') {
      const bytes = await parsed(form.text.replace(/^\(component\s+definition/, '(component'));
      definitions.set(String(third), bytes);
      add(form, 'definition', bytes);
    } else if (head === 'component') {
      const instance = second === 'instance';
      last = add(form, 'good', instance ? definitions.get(String(fourth)) : await parsed(form.text));
      const name = instance ? third : second;
      if (typeof name === 'string' && name.startsWith('$')) named.set(name, last);
    } else if (action[0] === 'component') {
      const [, , instance, definition] = [head, ...action];
      const bytes = instance === 'instance' ? definitions.get(String(definition)) : await parsed(innerText(form.text));
      add(form, head === 'assert_trap' ? 'traps' : 'invalid', bytes);
    } else if (action[0] === 'invoke') {
      const isNamed = typeof action[1] === 'string' && action[1].startsWith('$');
      const target = isNamed ? named.get(String(action[1])) : last;
      const [name, ...args] = action.slice(isNamed ? 2 : 1);
      target?.calls.push({ line: form.line, name: unquote(name), args });
    } else throw new Error(`${script}:${form.line}: the command ${String(head)}`);
  }
  return cases;
}

/** The component inside an assertion: from its parenthesis to that one's end. */
function innerText(text: string): string {
  return text.slice(text.indexOf('(component'), text.lastIndexOf(')', text.lastIndexOf('"') - 2) + 1);
}

async function parsed(text: string): Promise<Uint8Array | undefined> {
  try {
    return await componentFromText(text);
  } catch {
    return undefined;
  }
}
