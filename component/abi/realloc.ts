// Asks the guest for room in its own memory. Its answer is a pointer like any other: checked before a byte is written.

import type { AbiContext } from './context.ts';
import { HOST_FUEL } from './host-fuel.ts';

/** Traps when the answer is misaligned or out of bounds. The guest may not call out while it allocates. */
export function allocate(context: AbiContext, alignment: number, size: number): number {
  const { realloc: late, meter } = context;
  const realloc = late?.callable;
  if (realloc === undefined) throw new TypeError('a value with pointers was lowered without realloc');
  // It would be refused in any case; one that waits would be so by a promise that nobody awaits, and that ends the whole process.
  if (late?.isGlue === true) throw context.life.refusal('cannot-leave');
  meter?.charge(size >>> HOST_FUEL.bytesShift);
  context.instance.mayLeave = false;
  const ask = (): number => Number(realloc(0, 0, alignment, size) ?? 0);
  const pointer = meter === undefined ? ask() : meter.withReserve(ask);
  context.life.checkAlive();
  context.instance.mayLeave = true;
  return context.memory.check(pointer, alignment, size);
}
