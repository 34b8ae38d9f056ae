// Proves that every rule of the lint goes red on its canary, and stays quiet where the code is allowed.

import test from 'ava';
import { LINT_ALLOWED, LINT_CANARIES } from '../canaries/lint-canaries.ts';
import { laidOut } from '../canaries/laid-out.ts';
import { SELECTOR_RULES } from '../lint/house-rules.mjs';
import { findFaults } from './lint.ts';
import type { Fault } from './lint.ts';

const FILES = [...LINT_CANARIES, ...LINT_ALLOWED];
const TSCONFIG = JSON.stringify({
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  },
  include: ['**/*.ts'],
});

let faults: readonly Fault[];
let linted: number;
test.before(async () => {
  const paths = ['tsconfig.json', ...FILES.map(({ at }) => at)];
  ({ faults, linted } = await laidOut([...FILES, { at: 'tsconfig.json', says: TSCONFIG }], (root) =>
    findFaults(paths, root),
  ));
});

test('every canary was linted', (t) => t.is(linted, FILES.length));

for (const { at, rule } of LINT_CANARIES) {
  test(`${at} is named by ${rule}`, (t) => {
    const named = faults.filter((fault) => fault.path === at).map((fault) => fault.rule);
    t.true(named.includes(rule), `named by: ${named.join(', ') || 'nothing'}`);
  });
}

for (const { at, rule } of LINT_ALLOWED) {
  test(`${at} is not named by ${rule}`, (t) => {
    t.deepEqual(
      faults.filter((fault) => fault.path === at && fault.rule === rule),
      [],
    );
  });
}

test('every selector rule of the house has a canary', (t) => {
  const proven = new Set(LINT_CANARIES.map(({ rule }) => rule));
  t.deepEqual(
    SELECTOR_RULES.filter(({ name }) => !proven.has(`house/${name}`)),
    [],
  );
});
