// `npm test [-- FILE...]`: the check, then every test; with files or options of AVA, these tests alone. It must never end
// well when nothing ran, and its last line is always `N passed, N failed`.

import { runSteps } from './check/run-steps.ts';
import { runAva } from './testing/run-ava.ts';

const args = process.argv.slice(2);
const whole = args.length === 0;
const steps = whole ? await runSteps() : [];
const brokenSteps = steps.filter(({ findings }) => findings.length > 0).length;
const tests = await runAva(args, { quiet: whole });

if (tests.leftOut.length > 0) console.log(`left out: ${tests.leftOut.length}`);
for (const { title, what, why } of tests.leftOut) console.log(`  ${title}: ${what}: ${why}`);

const passed = steps.length - brokenSteps + tests.passed;
const failed = brokenSteps + tests.failed;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
