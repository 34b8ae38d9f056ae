// How the simulated secure world enters a boot stage: evaluates exactly the verified bytes, fresh each time. Never reads a file.

import type { EnterStage } from '../hil/launch.ts';

let entries = 0;

/** The stage is an ECMAScript module without imports; its default export is called with the handover. Errors: whatever it throws. */
export const enterStage: EnterStage = async (code, handover) => {
  entries += 1;
  // The engine keeps modules by URL: a fragment of its own gives each entry a fresh module, also after a reset.
  const url = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}#${entries}`;
  const stage: unknown = ((await import(url)) as { readonly default?: unknown }).default;
  if (typeof stage !== 'function') throw new TypeError('a stage has one default export, a function');
  return (stage as (handover: unknown) => Promise<unknown>)(handover);
};
