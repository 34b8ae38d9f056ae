// Proves that the types step sees what a layer may not name, and every file that no layer claims.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedOut } from '../canaries/laid-out.ts';
import { ROOT } from './tree.ts';
import { checkTypes } from './types.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
/** The real settings of a pure layer and of one with Node, beside the files of the row. */
const SETTINGS = [
  'tsconfig.base.json',
  'runtime/soc/tsconfig.json',
  'runtime/compartment/tsconfig.json',
  'contracts/wire/tsconfig.json',
  'runtime/adapters/tsconfig.json',
  'toolchain/repo/globals/text.d.ts',
  'toolchain/repo/globals/webassembly.d.ts',
  'toolchain/repo/globals/buffer-type.d.ts',
  'package.json',
].map((at) => ({ at, says: read(at) }));

async function findingsOf(at: string, says: string): Promise<string[]> {
  const { findings } = await checkedOut([...SETTINGS, { at, says }], (root) => checkTypes(root));
  // The fixture claims its global declarations from the layers only.
  return findings.filter((finding) => !finding.includes('globals/'));
}

const REFUSED = [
  // a pure layer has no machine
  ['runtime/soc/a.ts', 'export const a = process.env;', /Cannot find name 'process'/],
  ['runtime/soc/a.ts', "export const a = Buffer.from('');", /Cannot find name 'Buffer'/],
  ['runtime/soc/a.ts', 'export const a = setTimeout(() => {}, 1);', /Cannot find name 'setTimeout'/],
  ['runtime/soc/a.ts', "export const a = fetch('');", /Cannot find name 'fetch'/],
  ['runtime/soc/a.ts', "console.log('');\nexport {};", /Cannot find name 'console'/],
  ['runtime/soc/a.ts', 'export const a = crypto.getRandomValues;', /Cannot find name 'crypto'/],
  ['runtime/soc/a.ts', 'export const a = performance.now();', /Cannot find name 'performance'/],
  // only a compartment compiles WebAssembly, and never from a stream
  ['runtime/soc/a.ts', 'export const a = WebAssembly.validate;', /Cannot find name 'WebAssembly'/],
  ['runtime/compartment/a.ts', 'export const a = WebAssembly.compileStreaming;', /compileStreaming/],
  // a type is not a right
  ['contracts/wire/a.ts', "export const a = Buffer.from('');", /'Buffer' only refers to a type/],
  // Node strips types and does not transform
  ['runtime/soc/a.ts', 'export class A {\n  constructor(readonly a: number) {}\n}', /erasableSyntaxOnly/],
  // strictness
  ['runtime/soc/a.ts', 'const list = [1];\nexport const a: number = list[0];', /undefined/],
  // a file of no layer could name anything
  ['nowhere/a.ts', 'export const a = process.env;', /no tsconfig.json lists this file/],
  // tests are not covered by the settings of their layer
  ['runtime/soc/a.test.ts', 'export {};', /no tsconfig.json lists this file/],
] as const;

for (const [at, says, expected] of REFUSED) {
  test(`the types step refuses ${JSON.stringify(says)} in ${at}`, async (t) => {
    const findings = await findingsOf(at, `${says}\n`);
    t.regex(findings.join('\n'), expected);
  });
}

const ALLOWED = [
  ['runtime/soc/a.ts', "export const a = new TextEncoder().encode('');"],
  ['runtime/compartment/a.ts', 'export const a = (bytes: Uint8Array) => new WebAssembly.Module(bytes);'],
  ['contracts/wire/a.ts', "import { pack } from 'msgpackr';\nexport const a: Uint8Array = pack(1);"],
  ['runtime/adapters/a.ts', 'export const a = process.env;'],
] as const;

for (const [at, says] of ALLOWED) {
  test(`the types step allows ${JSON.stringify(says)} in ${at}`, async (t) => {
    t.deepEqual(await findingsOf(at, `${says}\n`), []);
  });
}

test('the types step is red when it finds no TypeScript at all', async (t) => {
  const { findings } = await checkedOut([{ at: 'a.md', says: '# a\n' }], (root) => checkTypes(root));
  t.deepEqual(findings, ['no TypeScript file was found']);
});
