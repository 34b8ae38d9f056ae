// The rules of the house that no package has, as a table: a syntax selector, where it holds, and what to do instead.
// A rule must never be without a canary beside it (canaries/lint-canaries.ts): a rule that cannot go red protects nothing.

import { LAYERS, TESTS } from '../layers.mjs';

/**
 * @typedef {'everywhere' | 'no-node-rights' | 'replayable' | 'tests'} Where
 * @typedef {{ name: string, where: Where, selector: string, message: string }} SelectorRule
 */

const CLOCK =
  'a layer whose runs are replayable has no clock of its own: take the time from the clock that is passed in';
const RANDOM =
  'a layer whose runs are replayable has no randomness of its own: take bytes from the source that is passed in';
const EVAL = 'code made from text escapes every rule that was checked on the source: write the function';
const GLOBAL = 'the global object holds what this layer may not name: take what is needed as an argument';

/** @type {readonly SelectorRule[]} */
export const SELECTOR_RULES = [
  {
    name: 'no-enum',
    where: 'everywhere',
    selector: 'TSEnumDeclaration',
    message: 'Node strips types and cannot make an enum: use an `as const` object',
  },
  {
    name: 'no-empty-catch',
    where: 'everywhere',
    selector: 'CatchClause > BlockStatement[body.length=0]',
    message: 'a swallowed error can be a security result: handle it, or return what its absence means',
  },
  { name: 'no-eval', where: 'everywhere', selector: "CallExpression[callee.name='eval']", message: EVAL },
  {
    name: 'no-new-function',
    where: 'everywhere',
    selector: ":matches(NewExpression, CallExpression)[callee.name='Function']",
    message: EVAL,
  },
  {
    name: 'no-constructor-escape',
    where: 'no-node-rights',
    selector: ":matches(NewExpression, CallExpression)[callee.property.name='constructor']",
    message: EVAL,
  },
  {
    name: 'no-computed-import',
    where: 'no-node-rights',
    selector: "ImportExpression:not([source.type='Literal'])",
    message: 'the layer rules can only check an import that they can read: import a literal',
  },
  {
    name: 'no-builtin-escape',
    where: 'no-node-rights',
    selector:
      "[property.name='getBuiltinModule'], [property.value='getBuiltinModule'], ImportSpecifier[imported.name='createRequire']",
    message: 'this layer has no right to Node: what it needs is passed in by the board',
  },
  {
    name: 'no-global-object',
    where: 'no-node-rights',
    selector: 'Identifier[name=/^(globalThis|global|self)$/]:not(MemberExpression > .property):not(Property > .key)',
    message: GLOBAL,
  },
  {
    name: 'no-ambient-claim',
    where: 'no-node-rights',
    selector:
      ":matches(VariableDeclaration:not(:has(TSTypeOperator[operator='unique'])), TSDeclareFunction, ClassDeclaration, TSModuleDeclaration)[declare=true], TSModuleDeclaration[kind='global']",
    message: 'what this layer may name is written in its tsconfig.json: do not declare more',
  },
  {
    name: 'no-ambient-clock',
    where: 'replayable',
    selector: "CallExpression[callee.object.name=/^(Date|performance)$/][callee.property.name='now']",
    message: CLOCK,
  },
  {
    name: 'no-ambient-date',
    where: 'replayable',
    selector: "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.name='Date']",
    message: CLOCK,
  },
  {
    name: 'no-ambient-random',
    where: 'replayable',
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: RANDOM,
  },
  {
    name: 'no-focused-test',
    where: 'tests',
    selector:
      "MemberExpression[property.name=/^(only|skip|failing|todo)$/]:matches([object.name='test'], [object.object.name='test'])",
    message: 'every test runs, always: one that cannot run here says so with leftOut() (test/support/left-out.ts)',
  },
];

const PLACES = Object.values(LAYERS).map((layer) => ({ ...layer, path: new RegExp(layer.path) }));
const TEST_FILE = new RegExp(TESTS);

/**
 * True if a rule for `where` holds in the file at `path`, relative to the top of the checkout.
 * @param {Where} where
 * @param {string} path
 */
export function holdsIn(where, path) {
  if (where === 'everywhere') return true;
  if (where === 'tests') return TEST_FILE.test(path);
  if (TEST_FILE.test(path) || path.endsWith('.d.ts')) return false;
  const layer = PLACES.find((place) => place.path.test(path));
  return layer !== undefined && (where === 'replayable' ? layer.replayable === true : layer.node.length === 0);
}
