// One forbidden piece of code per row, to prove that every rule of the lint can go red. A row must never be dropped when
// a rule changes: a rule without a canary fails the tests.

export type LintCanary = {
  /** Where it stands: in a layer without Node rights unless the rule is about something else. */
  readonly at: string;
  readonly says: string;
  readonly rule: string;
};

const OPENING = '// A canary of the lint: it is here to be refused, and must never be imported by anything at all.\n';
const inMonitor = (name: string, says: string, rule: string): LintCanary => ({
  at: `runtime/monitor/${name}.ts`,
  says: OPENING + says,
  rule,
});

export const LINT_CANARIES: readonly LintCanary[] = [
  // What Node cannot strip, or what hides a result.
  inMonitor('enum', 'export enum Color { red }\n', 'house/no-enum'),
  inMonitor('catch', 'try {\n  f();\n} catch {}\nfunction f(): void {}\n', 'house/no-empty-catch'),
  inMonitor('catch-comment', 'try {\n  f();\n} catch {\n  // fine\n}\nfunction f(): void {}\n', 'house/no-empty-catch'),
  // Code made from text.
  inMonitor('eval', "export const one: unknown = eval('1');\n", 'house/no-eval'),
  inMonitor('new-function', "export const f = new Function('return process');\n", 'house/no-new-function'),
  inMonitor('function', "export const f = Function('return process');\n", 'house/no-new-function'),
  inMonitor(
    'constructor',
    "export const f: unknown = (() => 1).constructor('return process');\n",
    'house/no-constructor-escape',
  ),
  // Doors to Node that the layer rules cannot see.
  inMonitor(
    'import',
    'export const load = (name: string): Promise<unknown> => import(name);\n',
    'house/no-computed-import',
  ),
  inMonitor(
    'import-template',
    "const a = 'node:fs';\nexport const fs: unknown = await import(`${a}`);\n",
    'house/no-computed-import',
  ),
  inMonitor(
    'builtin',
    "declare const p: unique symbol;\nexport const fs = p.getBuiltinModule('fs');\n",
    'house/no-builtin-escape',
  ),
  inMonitor(
    'builtin-key',
    "declare const p: unique symbol;\nexport const fs = p['getBuiltinModule'];\n",
    'house/no-builtin-escape',
  ),
  inMonitor(
    'require',
    "import { createRequire } from 'node:module';\nexport { createRequire };\n",
    'house/no-builtin-escape',
  ),
  inMonitor('global', "export const p: unknown = globalThis['process'];\n", 'house/no-global-object'),
  inMonitor('global-dot', 'export const p: unknown = globalThis.Math;\n', 'house/no-global-object'),
  inMonitor(
    'declare',
    'declare const process: { env: object };\nexport const env = process.env;\n',
    'house/no-ambient-claim',
  ),
  inMonitor(
    'declare-global',
    'declare global {\n  const process: object;\n}\nexport const one = 1;\n',
    'house/no-ambient-claim',
  ),
  inMonitor(
    'reference',
    '/// <reference types="node" />\nexport const one = 1;\n',
    '@typescript-eslint/triple-slash-reference',
  ),
  // What makes a run impossible to replay.
  inMonitor('now', 'export const now = Date.now();\n', 'house/no-ambient-clock'),
  inMonitor('date', 'export const now = new Date();\n', 'house/no-ambient-date'),
  inMonitor('date-call', 'export const now = Date();\n', 'house/no-ambient-date'),
  inMonitor('random', 'export const number = Math.random();\n', 'house/no-ambient-random'),
  // Comments.
  { at: 'runtime/monitor/no-opening.ts', says: 'export const one = 1;\n', rule: 'house/opens-with-a-sentence' },
  {
    at: 'runtime/monitor/short-opening.ts',
    says: '// One.\nexport const one = 1;\n',
    rule: 'house/opens-with-a-sentence',
  },
  inMonitor('todo', '// TODO: later\nexport const one = 1;\n', 'no-warning-comments'),
  inMonitor(
    'disable',
    '// eslint-disable-next-line house/no-eval\nexport const one: unknown = eval(`1`);\n',
    'house/explained-disable',
  ),
  inMonitor('ignore', "// @ts-ignore\nexport const one: number = 'one';\n", '@typescript-eslint/ban-ts-comment'),
  inMonitor('long', 'export {};\n'.repeat(701), 'max-lines'),
  // Types and promises, in any layer.
  inMonitor('any', 'export const one: any = 1;\n', '@typescript-eslint/no-explicit-any'),
  inMonitor('unused', 'const one = 1;\n', '@typescript-eslint/no-unused-vars'),
  inMonitor(
    'type-import',
    "import { Hash } from '@noble/hashes/utils.js';\nexport type H = Hash<never>;\n",
    '@typescript-eslint/consistent-type-imports',
  ),
  inMonitor(
    'floating',
    'export const f = async (): Promise<void> => {};\nf();\n',
    '@typescript-eslint/no-floating-promises',
  ),
  inMonitor(
    'misused',
    'const f = async (): Promise<boolean> => true;\nexport const g = (): number => (f() ? 1 : 2);\n',
    '@typescript-eslint/no-misused-promises',
  ),
  inMonitor(
    'switch',
    "export function f(of: 'a' | 'b'): number {\n  switch (of) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
    '@typescript-eslint/switch-exhaustiveness-check',
  ),
  // Tests.
  {
    at: 'runtime/monitor/only.test.ts',
    says: "import test from 'ava';\ntest.only('a', (t) => t.pass());\n",
    rule: 'house/no-focused-test',
  },
  {
    at: 'runtime/monitor/skip.test.ts',
    says: "import test from 'ava';\ntest.serial.skip('a', (t) => t.pass());\n",
    rule: 'house/no-focused-test',
  },
];

/** The same things where they are allowed; none may be named by the rule. */
export const LINT_ALLOWED: readonly LintCanary[] = [
  {
    at: 'runtime/adapters/clock.ts',
    says: `${OPENING}export const now = Date.now();\n`,
    rule: 'house/no-ambient-clock',
  },
  {
    at: 'toolchain/cli/import.ts',
    says: `${OPENING}export const load = (name: string): Promise<unknown> => import(name);\n`,
    rule: 'house/no-computed-import',
  },
  inMonitor('date-of', 'export const day = new Date(0);\n', 'house/no-ambient-date'),
  inMonitor(
    'brand',
    'declare const brand: unique symbol;\nexport type Checked = { [brand]: true };\n',
    'house/no-ambient-claim',
  ),
  inMonitor(
    'explained',
    '// eslint-disable-next-line house/no-ambient-random -- a canary\nexport const one = Math.random();\n',
    'house/no-ambient-random',
  ),
  inMonitor('literal-import', "export const later = () => import('./brand.ts');\n", 'house/no-computed-import'),
  { at: 'runtime/monitor/clock.test.ts', says: 'export const now = Date.now();\n', rule: 'house/no-ambient-clock' },
];
