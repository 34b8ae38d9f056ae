// The one i64 that all metered modules of an app share: fuel that is left above, stack that is used below. Both rewriter and meter read
// it by these constants alone. Never in reach of the guest: no index of its own module names it.

/** The import module of everything that a metered module gets besides its own imports. A guest that imports from it is refused. */
export const METER_MODULE = 'casemate:meter';

/** Names inside `METER_MODULE`. */
export const METER_IMPORTS = {
  /** `(global (mut i64))`: `fuel * 2^21 + stack`. Negative: out of fuel. */
  cell: 'cell',
  /** `(func (param i64) (result i64))`: called with the cell when it is negative or its stack is over; answers with the cell to go on
   * with, or one that is still negative when the guest has to wait. Throws what ends the guest. */
  spent: 'spent',
  /** As `spent`, and may suspend the guest. Never called while a frame of JavaScript stands on the guest's stack. */
  wait: 'wait',
} as const;

/** Bits of the cell below the fuel. */
export const STACK_BITS = 21;
/** Bytes of stack for one unit of it. */
export const STACK_UNIT_BYTES = 16;
/** Set in the cell: the stack is over its budget. The field counts up to it from 2^20 less the budget. */
export const STACK_OVER = 2 ** 20;
/** One function's frame may have so many units, less than the field has beyond `STACK_OVER`: the field never carries into the fuel. */
export const MAX_FRAME_UNITS = 2 ** 16;
/** Units of fuel that the cell holds at the most; what a guest has beyond that is topped up. */
export const MAX_CELL_FUEL = 2n ** 41n;
