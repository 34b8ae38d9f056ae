// Divides what an app may have (pages of memory, entries of tables) among those that it declares, so that all of them at their
// maximum stay within it. Never more than granted.

import { ComponentError } from '../../component/component-error.ts';
import type { Limits } from '../../component/core/core-types.ts';

/**
 * A maximum for each of the declared, in pages or entries. One gets all there is; of several each has its initial size, and
 * those that may grow share the rest evenly. Errors: the code, when there is less than they have at the start.
 */
export function allotLimits(
  declared: readonly Limits[],
  granted: number,
  code: 'memory-over-limit' | 'table-over-limit',
): readonly number[] {
  const initial = declared.reduce((sum, limits) => sum + limits.initial, 0);
  if (initial > granted) {
    throw new ComponentError(code, `${initial} at the start, ${granted} granted`, { details: { initial, granted } });
  }
  let rest = granted - initial;
  let growing = declared.filter((limits) => growth(limits) > 0).length;
  // The modest first: what they leave is there for the others.
  const order = declared.map((_, index) => index).sort((a, b) => growth(at(declared, a)) - growth(at(declared, b)));
  const maxima = declared.map((limits) => limits.initial);
  for (const index of order) {
    const limits = at(declared, index);
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

function at(declared: readonly Limits[], index: number): Limits {
  return declared[index] ?? { initial: 0, maximum: 0 };
}
