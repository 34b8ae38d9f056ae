// `npm run check [-- STEP...]`: types, lint, layers, format, docs and text. It must never change a file of the tree, and
// never be green when a step did not run.

import { runSteps } from './check/run-steps.ts';
import { STEPS } from './check/steps.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !STEPS.has(name));
if (unknown.length > 0) {
  console.error(`there is no step ${unknown.join(', ')}; the steps are ${[...STEPS.keys()].join(', ')}`);
  process.exit(2);
}
const started = performance.now();
const results = await runSteps(names.length > 0 ? names : undefined);
const failed = results.filter(({ findings }) => findings.length > 0).length;
console.log(
  `${results.length - failed} passed, ${failed} failed, in ${((performance.now() - started) / 1000).toFixed(1)} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
