// What a guest pays for beyond its own instructions, and who takes it. Rates and a type; never a count.

/** Pays for guest code that runs above a frame of JavaScript: it cannot be suspended there, so it runs on a bounded reserve. */
export interface FuelReserve {
  withReserve<T>(work: () => T): T;
  /** Work of the host for the guest, in units of fuel: the guest pays before it turns the next time. Never throws, never suspends. */
  charge(units: number): void;
}

/** What work of the host costs: a call that answers at once, one for which a stack may be switched, and moved bytes by their power of two. */
export const HOST_FUEL = { call: 50, waitingCall: 500, bytesShift: 4 } as const;
