// Divides the granted memory among the memories of an app, so that all of them at their maximum stay within it. Never more than granted.

import { ComponentError } from '../../component/component-error.ts';
import type { Limits } from '../../component/core/core-types.ts';

/**
 * A maximum for each memory, in pages. One memory gets all there is; of several each has its initial size, and those that
 * may grow share the rest evenly. Errors: `memory-over-limit`.
 */
export function allotPages(memories: readonly Limits[], pages: number): readonly number[] {
  const initial = memories.reduce((sum, limits) => sum + limits.initial, 0);
  if (initial > pages) {
    const details = { initialPages: initial, grantedPages: pages };
    throw new ComponentError('memory-over-limit', `${initial} pages at the start, ${pages} granted`, { details });
  }
  let rest = pages - initial;
  let growing = memories.filter((limits) => growth(limits) > 0).length;
  // The modest first: what they leave is there for the others.
  const order = memories.map((_, index) => index).sort((a, b) => growth(at(memories, a)) - growth(at(memories, b)));
  const maxima = memories.map((limits) => limits.initial);
  for (const index of order) {
    const limits = at(memories, index);
    if (growth(limits) <= 0) continue;
    const more = Math.min(growth(limits), Math.floor(rest / growing));
    maxima[index] = limits.initial + more;
    rest -= more;
    growing--;
  }
  return maxima;
}

function growth({ initial, maximum }: Limits): number {
  return (maximum ?? Infinity) - initial;
}

function at(memories: readonly Limits[], index: number): Limits {
  return memories[index] ?? { initial: 0, maximum: 0 };
}
