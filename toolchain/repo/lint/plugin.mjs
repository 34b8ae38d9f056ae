// Makes an ESLint plugin of the house rules. It must never give a rule options: a rule of the house holds or does not.

import { relative } from 'node:path';
import { explainedDisable, opensWithASentence } from './comment-rules.mjs';
import { SELECTOR_RULES, holdsIn } from './house-rules.mjs';

/**
 * @param {import('./house-rules.mjs').SelectorRule} rule
 * @returns {import('eslint').Rule.RuleModule}
 */
function selectorRule({ where, selector, message }) {
  return {
    meta: { type: 'problem' },
    create(context) {
      const path = relative(context.cwd, context.filename).replaceAll('\\', '/');
      if (!holdsIn(where, path)) return {};
      return { [selector]: (/** @type {import('estree').Node} */ node) => context.report({ node, message }) };
    },
  };
}

/** @type {Record<string, import('eslint').Rule.RuleModule>} */
const rules = {
  'opens-with-a-sentence': opensWithASentence,
  'explained-disable': explainedDisable,
};
for (const rule of SELECTOR_RULES) rules[rule.name] = selectorRule(rule);

export const house = { meta: { name: 'house' }, rules };

/** Every house rule, as an error. */
export const HOUSE_RULES = Object.fromEntries(
  Object.keys(rules).map((name) => [`house/${name}`, /** @type {const} */ ('error')]),
);
