// What the lint asks of every file: type-aware correctness rules, and the rules of the house (toolchain/repo/lint).
// It must never hold a rule about looks: Prettier decides those.

import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { HOUSE_RULES, house } from './toolchain/repo/lint/plugin.mjs';
import { programParser } from './toolchain/repo/lint/program-parser.mjs';

/** Faults of the language that neither TypeScript nor typescript-eslint names. */
const LANGUAGE_RULES = [
  'eqeqeq',
  'no-cond-assign',
  'no-constant-condition',
  'no-control-regex',
  'no-dupe-else-if',
  'no-irregular-whitespace',
  'no-loss-of-precision',
  'no-misleading-character-class',
  'no-prototype-builtins',
  'no-self-assign',
  'no-self-compare',
  'no-sparse-arrays',
  'no-unreachable-loop',
  'no-unsafe-finally',
  'no-useless-catch',
  'no-useless-escape',
  'no-var',
  'prefer-const',
];

const TESTS = ['**/*.test.ts', '**/*.bench.ts', 'test/**/*.ts'];

export default defineConfig(
  { ignores: ['**/node_modules/**', '.casemate/**', 'bench-results/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.{ts,tsx,mjs,js}'],
    plugins: { house },
    languageOptions: {
      parser: programParser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...HOUSE_RULES,
      ...Object.fromEntries(LANGUAGE_RULES.map((name) => [name, 'error'])),
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'], location: 'anywhere' }],
      'max-lines': ['error', { max: 700 }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' },
      ],
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/triple-slash-reference': ['error', { lib: 'never', path: 'never', types: 'never' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/only-throw-error': 'error',
      // An interface of promises is implemented by functions that need none themselves.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: TESTS,
    rules: {
      // A test hands in what the types forbid, on purpose.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'house/opens-with-a-sentence': 'off',
    },
  },
  { files: ['**/*.d.ts'], rules: { '@typescript-eslint/no-unsafe-function-type': 'off' } },
  { files: ['**/*.{mjs,js}'], ...tseslint.configs.disableTypeChecked },
);
