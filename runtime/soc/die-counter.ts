// The monotonic counter on the die. It only counts up, and it wears out rather than wrap.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { CounterFaultCode, MonotonicCounter } from '../hil/counter.ts';
import type { Medium } from '../hil/medium.ts';

export class CounterFault extends CodedError<CounterFaultCode> {}

export const COUNTER_BYTES = 8;
/** Increments in the life of the device: at one state record a minute, almost two years of nothing else. */
export const COUNTER_ENDURANCE = 1_000_000n;

export class DieCounter implements MonotonicCounter {
  readonly #medium: Medium;
  readonly #endurance: bigint;

  constructor(medium: Medium, endurance = COUNTER_ENDURANCE) {
    this.#medium = medium;
    this.#endurance = endurance;
  }

  value(): bigint {
    return new ByteReader(this.#medium.read(0, COUNTER_BYTES)).u64();
  }

  increment(): bigint {
    const next = this.value() + 1n;
    if (next > this.#endurance)
      throw new CounterFault('counter-worn-out', `the counter stands at ${next - 1n}`, { fault: 'world' });
    this.#medium.write(0, new ByteWriter(COUNTER_BYTES).u64(next).finish());
    return next;
  }

  remaining(): bigint {
    return this.#endurance - this.value();
  }
}
