// Loops and lists over values that are here now or come later. Never leaves the stack while every value is here.

import type { Later } from '../../../contracts/core/later.ts';

/** Takes steps until one answers something; steps that answer at once take no stack. */
export function until<T>(step: () => Later<T | undefined>): Later<T> {
  for (;;) {
    const value = step();
    if (value instanceof Promise) return value.then((come) => come ?? until(step));
    if (value !== undefined) return value;
  }
}

/** All of them, in their order. */
export function all<T>(values: readonly Later<T>[]): Later<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
