// The steps of the check by name, in two lanes that run at the same time: the first shares TypeScript's programs in one
// process, the second is all that needs none. A step must never depend on another's result.

import type { Step } from './step.ts';

/** Loaded when it runs: a lane must not pay for the other lane's packages. */
export const STEPS: ReadonlyMap<string, Step> = new Map<string, Step>([
  ['types', async () => (await import('./types.ts')).checkTypes()],
  ['lint', async () => (await import('./lint.ts')).checkLint()],
  ['layers', async () => (await import('./layers.ts')).checkLayers()],
  ['format', async () => (await import('./format.ts')).checkFormat()],
  ['lock', async () => (await import('./lock.ts')).checkLock()],
  ['docs', async () => (await import('./docs.ts')).checkDocs()],
  ['text', async () => (await import('./text.ts')).checkText()],
]);

export const LANES: readonly (readonly string[])[] = [
  ['types', 'lint'],
  ['layers', 'format', 'lock', 'docs', 'text'],
];
