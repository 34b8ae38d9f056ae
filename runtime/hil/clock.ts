// Time since power-on. Types only. Never the wall clock.

export interface Clock {
  /** Nanoseconds since power-on; never goes back. */
  nowNs(): bigint;
}

/**
 * Time that stands still but while the normal world waits, and never goes further than it was let: what a chip's clock runs on when
 * an hour of device time is to be played in seconds. It outlives a reset of the chip, as time does.
 */
export interface SteppedClock extends Clock {
  /** How far time may go. */
  limitNs(): bigint;
  /** Nothing is to be done before `atNs`: time goes there, or to the limit when that is not later than `atNs`. */
  wait(atNs: bigint): void;
  /** The limit was reached, and has moved on. One listener: the chip that runs. */
  onMoreTime(listener: () => void): void;
}

/** A one-shot alarm on the same clock. */
export interface Alarm {
  /** Calls back once, not before `atNs`. The returned function takes it back. */
  at(atNs: bigint, wake: () => void): () => void;
}
