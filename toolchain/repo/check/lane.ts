// Runs the named steps one after another in a process of its own, and sends each result to the process that started it.
// It must never print: what is said about a step, and in which order, is the parent's.

import { runStep } from './step.ts';
import { STEPS } from './steps.ts';

for (const name of process.argv.slice(2)) {
  const step = STEPS.get(name);
  const result = await runStep(name, step ?? (() => Promise.reject(new Error(`there is no step "${name}"`))));
  process.send?.(result);
}
process.disconnect?.();
