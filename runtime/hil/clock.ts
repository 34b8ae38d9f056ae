// Time since power-on. Types only. Never the wall clock.

export interface Clock {
  /** Nanoseconds since power-on; never goes back. */
  nowNs(): bigint;
}

/** A one-shot alarm on the same clock. */
export interface Alarm {
  /** Calls back once, not before `atNs`. The returned function takes it back. */
  at(atNs: bigint, wake: () => void): () => void;
}
