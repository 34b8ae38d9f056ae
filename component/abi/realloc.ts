// Asks the guest for room in its own memory. Its answer is a pointer like any other: checked before a byte is written.

import type { AbiContext } from './context.ts';

/** Traps when the answer is misaligned or out of bounds. The guest may not call out while it allocates. */
export function allocate(context: AbiContext, alignment: number, size: number): number {
  const realloc = context.realloc?.callable;
  if (realloc === undefined) throw new TypeError('a value with pointers was lowered without realloc');
  context.instance.mayLeave = false;
  const ask = (): number => Number(realloc(0, 0, alignment, size) ?? 0);
  const pointer = context.meter === undefined ? ask() : context.meter.withReserve(ask);
  context.life.checkAlive();
  context.instance.mayLeave = true;
  return context.memory.check(pointer, alignment, size);
}
