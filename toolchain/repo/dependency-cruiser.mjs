// Turns the table of layers into dependency-cruiser rules. It must never hold an exception of its own: the table is the
// whole truth, so that one page shows who may import whom.

import { HOME, LAYERS, TESTS } from './layers.mjs';

/** The names of the rules that hold for every layer. */
export const GENERAL_RULES = [
  { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
  // `casemate:device/gpio` is a WIT import, which only the component's linker resolves.
  { name: 'resolves', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^[a-z-]+:[a-z-]+/' } },
  {
    name: 'nobody-imports-tests',
    severity: 'error',
    from: { pathNot: [TESTS, '^test/'] },
    to: { path: ['^test/', TESTS] },
  },
  {
    name: 'apps-are-islands',
    severity: 'error',
    from: { path: '^apps/([^/]+)/' },
    to: { path: '^apps/', pathNot: '^apps/$1/' },
  },
];

/**
 * @param {string} name
 * @param {import('./layers.mjs').Layer} layer
 */
function rulesOf(name, { path, may, node, npm }) {
  const from = { path, pathNot: TESTS };
  const rules = [];
  if (may !== '*') {
    const pathNot = [path, ...may.map((other) => layer(other).path)];
    rules.push({ name: `${name}-may-not-import`, severity: 'error', from, to: { path: HOME, pathNot } });
  }
  if (!node.includes('.')) {
    const allowed = node.length > 0 ? { pathNot: node.map((module) => `^(node:)?${module}$`) } : {};
    rules.push({
      name: `${name}-node-builtins`,
      severity: 'error',
      from,
      to: { dependencyTypes: ['core'], ...allowed },
    });
  }
  if (!npm.includes('.')) {
    const allowed =
      npm.length > 0 ? { pathNot: npm.map((start) => `node_modules/${start}${start.endsWith('/') ? '' : '/'}`) } : {};
    rules.push({ name: `${name}-npm`, severity: 'error', from, to: { path: 'node_modules/', ...allowed } });
  }
  return rules;
}

/** @param {string} name */
function layer(name) {
  const found = LAYERS[name];
  if (found === undefined) throw new Error(`layers.mjs names a layer that it does not have: ${name}`);
  return found;
}

export default {
  forbidden: [...GENERAL_RULES, ...Object.entries(LAYERS).flatMap(([name, row]) => rulesOf(name, row))],
  options: {
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    // Node 26 has it; the Node that may run this tool need not.
    builtInModules: { add: ['ffi', 'node:ffi'] },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
