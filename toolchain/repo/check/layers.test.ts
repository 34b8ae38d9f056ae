// Proves that the layer rules go red on every promise of the house, and stay quiet on what it allows.

import test from 'ava';
import { checkedOut, laidOut } from '../canaries/laid-out.ts';
import { CYCLE_PARTNER, LAYER_CANARIES, LEGAL_IMPORTS, TARGET_FOLDERS } from '../canaries/layer-canaries.ts';
import { LAYERS } from '../layers.mjs';
import { checkLayers, findViolations } from './layers.ts';
import type { Violation } from './layers.ts';

const TARGET = 'export const target = 1;\nexport type Target = number;\n';
const FILES = [
  ...TARGET_FOLDERS.map((folder) => ({ at: `${folder}/target.ts`, says: TARGET })),
  ...LAYER_CANARIES,
  ...LEGAL_IMPORTS,
  CYCLE_PARTNER,
];

let cruised: number;
let violations: Violation[];
test.before(async () => {
  const paths = FILES.map(({ at }) => at);
  ({ cruised, violations } = await laidOut(FILES, (root) => findViolations(paths, root)));
});

test('dependency-cruiser reads every canary', (t) => {
  t.is(cruised, FILES.length);
});

for (const { at, says, rule } of LAYER_CANARIES) {
  test(`${at} is named by ${rule}: ${says.split('\n')[0]}`, (t) => {
    const named = violations.filter((violation) => violation.from === at).map((violation) => violation.rule);
    t.true(named.includes(rule), `named by: ${named.join(', ') || 'nothing'}`);
  });
}

test('no allowed import is named by a rule', (t) => {
  const legal = new Set(LEGAL_IMPORTS.map(({ at }) => at));
  t.deepEqual(
    violations.filter(({ from }) => legal.has(from)),
    [],
  );
});

test('every layer but the one for tests has a canary', (t) => {
  const named = new Set(LAYER_CANARIES.map(({ rule }) => rule.split('-')[0]));
  const without = Object.keys(LAYERS).filter((name) => name !== 'test' && !named.has(name));
  t.deepEqual(without, []);
});

const MISPLACED = [
  // a folder that no row of the table knows
  ['runtime/nowhere/a.ts', 'runtime/nowhere/a.ts: is in 0 layers, not in one'],
  ['nowhere/a.ts', 'nowhere/a.ts: is in 0 layers, not in one'],
  // code where only data belongs
  ['toolchain/sdk/hardware/a.ts', 'toolchain/sdk/hardware/a.ts: this folder holds data only'],
] as const;

for (const [at, expected] of MISPLACED) {
  test(`the layers step refuses ${at}`, async (t) => {
    t.deepEqual((await checkedOut([{ at, says: TARGET }], checkLayers)).findings, [expected]);
  });
}

test('the layers step is red when it reads no file', async (t) => {
  const { findings } = await checkedOut([{ at: 'a.md', says: '# a\n' }], checkLayers);
  t.deepEqual(findings, ['only 0 of 0 files were read by dependency-cruiser']);
});
