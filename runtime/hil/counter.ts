// The monotonic counter on the die. Types only. It never goes back, whatever is put on the flash.

export interface MonotonicCounter {
  value(): bigint;
  /** By one; the new value. Errors: `counter-worn-out`. */
  increment(): bigint;
  /** How many increments it has left in its life. */
  remaining(): bigint;
}

export type CounterFaultCode = 'counter-worn-out';
