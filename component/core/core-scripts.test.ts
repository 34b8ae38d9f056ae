import test from 'ava';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { componentFromText } from '../../test/support/components.ts';
import { corpus } from '../../test/support/corpus.ts';
import type { Sexp, WastForm } from '../../test/support/wast.ts';
import { unquoteBytes, wastForms } from '../../test/support/wast.ts';
import { ComponentError } from '../component-error.ts';
import { readCoreModule } from './read-core-module.ts';

/** A refusal for what is outside of WebAssembly 2.0, or of what this component reader takes of it. */
const OUTSIDE = ['core-opcode-not-allowed', 'core-type-not-allowed', 'core-feature-not-supported', 'memories-too-many'];

/**
 * Modules that the engine takes and the reader refuses, by script and code. The scripts are those of WebAssembly 3.0: memories beyond the
 * first (the numbered scripts, imports, linking), typed references and garbage collection, tags, 64-bit tables, tables with a value for their
 * entries, globals of the module's own in constants.
 */
const REFUSED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'address0.wast': { 'memories-too-many': 1 },
  'address1.wast': { 'memories-too-many': 1 },
  'align0.wast': { 'memories-too-many': 1 },
  'binary0.wast': { 'memories-too-many': 5 },
  'br_table.wast': { 'core-type-not-allowed': 1 },
  'data.wast': { 'core-feature-not-supported': 2 },
  'data0.wast': { 'memories-too-many': 2 },
  'data1.wast': { 'memories-too-many': 13 },
  'data_drop0.wast': { 'memories-too-many': 1 },
  'elem.wast': { 'core-feature-not-supported': 2, 'core-type-not-allowed': 16 },
  'exports0.wast': { 'memories-too-many': 4 },
  'float_exprs0.wast': { 'memories-too-many': 1 },
  'float_exprs1.wast': { 'memories-too-many': 1 },
  'float_memory0.wast': { 'memories-too-many': 2 },
  'global.wast': { 'core-feature-not-supported': 2, 'core-type-not-allowed': 1 },
  'imports.wast': { 'core-feature-not-supported': 7 },
  'imports0.wast': { 'memories-too-many': 1 },
  'imports1.wast': { 'memories-too-many': 1 },
  'imports2.wast': { 'memories-too-many': 4 },
  'imports3.wast': { 'memories-too-many': 9 },
  'imports4.wast': { 'memories-too-many': 5 },
  'linking.wast': { 'core-type-not-allowed': 28 },
  'linking0.wast': { 'memories-too-many': 2 },
  'linking1.wast': { 'memories-too-many': 2 },
  'linking2.wast': { 'memories-too-many': 1 },
  'linking3.wast': { 'memories-too-many': 1 },
  'load0.wast': { 'memories-too-many': 1 },
  'load1.wast': { 'memories-too-many': 1 },
  'load2.wast': { 'memories-too-many': 1 },
  'local_init.wast': { 'core-type-not-allowed': 2 },
  'memory_copy0.wast': { 'memories-too-many': 1 },
  'memory_copy1.wast': { 'memories-too-many': 1 },
  'memory_fill0.wast': { 'memories-too-many': 1 },
  'memory_grow.wast': { 'memories-too-many': 3 },
  'memory_init0.wast': { 'memories-too-many': 1 },
  'memory_size0.wast': { 'memories-too-many': 1 },
  'memory_size1.wast': { 'memories-too-many': 1 },
  'memory_size2.wast': { 'memories-too-many': 1 },
  'memory_size_import.wast': { 'memories-too-many': 2 },
  'memory_trap0.wast': { 'memories-too-many': 1 },
  'memory_trap1.wast': { 'memories-too-many': 1 },
  'ref.wast': { 'core-type-not-allowed': 1 },
  'ref_is_null.wast': { 'core-type-not-allowed': 2 },
  'ref_null.wast': { 'core-type-not-allowed': 2 },
  'start0.wast': { 'memories-too-many': 1 },
  'store0.wast': { 'memories-too-many': 1 },
  'store1.wast': { 'memories-too-many': 1 },
  'store2.wast': { 'memories-too-many': 1 },
  'table-sub.wast': { 'core-type-not-allowed': 1 },
  'table.wast': { 'core-type-not-allowed': 6 },
  'table_copy_mixed.wast': { 'core-feature-not-supported': 1 },
  'table_init.wast': { 'core-type-not-allowed': 1 },
  'traps0.wast': { 'memories-too-many': 1 },
  'unreached-valid.wast': { 'core-opcode-not-allowed': 1, 'core-type-not-allowed': 1 },
};

interface Tally {
  /** Modules that the engine takes too. */
  accepted: number;
  /** Of those that the engine takes, by script and code. */
  readonly refused: Record<string, Record<string, number>>;
  readonly faults: string[];
}

async function judge(script: string, form: WastForm, tally: Tally): Promise<void> {
  const bytes = await moduleBytes(form);
  if (bytes === undefined) return;
  const valid = WebAssembly.validate(bytes);
  const code = refusal(bytes);
  // What is not valid may be taken or not: the engine sees all that is taken.
  if (!valid) return;
  if (code === undefined) {
    tally.accepted++;
    return;
  }
  if (!OUTSIDE.includes(code)) tally.faults.push(`${script}:${form.line}: ${code}`);
  const counts = (tally.refused[script] ??= {});
  counts[code] = (counts[code] ?? 0) + 1;
}

/** The module of a command, or `undefined` for a command without one, or text that is no module. */
async function moduleBytes({ text, tree }: WastForm): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const inner = (tree[0] === 'module' ? tree : tree[1]) as readonly Sexp[] | undefined;
  if (inner?.[0] !== 'module' || inner.includes('quote')) return undefined;
  const binary = inner.indexOf('binary');
  if (binary > 0) return Uint8Array.from(inner.slice(binary + 1).flatMap((atom) => [...unquoteBytes(atom)]));
  const source =
    tree[0] === 'module'
      ? text
      : text.slice(text.indexOf('(module'), text.lastIndexOf(')', text.lastIndexOf('"') - 2) + 1);
  try {
    return Uint8Array.from(await componentFromText(source.replace(/^\(module\s+(definition|instance)/, '(module')));
  } catch (error) {
    // Only what is there to be refused may be no module.
    if (tree[0] === 'module') throw error;
    return undefined;
  }
}

function refusal(bytes: Uint8Array): string | undefined {
  try {
    readCoreModule(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

/** What the tools at hand cannot cut or parse: comments within comments, and look-alike characters in a name. */
const NOT_READ = ['comments.wast', 'names.wast'];

test('of the reference scripts for core modules, every valid module of the listed features is taken', async (t) => {
  const folder = corpus(t, 'wasm-core');
  if (folder === undefined) return;
  t.timeout(120_000);
  const tally: Tally = { accepted: 0, refused: {}, faults: [] };
  for (const script of readdirSync(folder).sort()) {
    if (!script.endsWith('.wast') || NOT_READ.includes(script)) continue;
    for (const form of wastForms(readFileSync(join(folder, script), 'utf8'))) await judge(script, form, tally);
  }
  t.deepEqual(tally.faults, []);
  t.deepEqual(tally.refused, REFUSED);
  t.is(tally.accepted, 1813);
});
