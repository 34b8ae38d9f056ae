// What is soldered to the pins of a board, as the world needs to know it. Types only; a board's description fits it as it is.

/** Pins are the chip's GPIO numbers. */
export interface WorldPart {
  readonly kind: 'button' | 'led';
  readonly pin: number;
  /** The level on the pin while the button is pressed or the LED is lit. */
  readonly active: 'low' | 'high';
}

/** How a button's contact bounces: this many extra swings, this far apart, at each press and release. Never by chance. */
export interface Bounce {
  readonly swings: number;
  readonly everyNs: bigint;
}

/** A clean contact: the default, so that one press is one edge. */
export const NO_BOUNCE: Bounce = { swings: 0, everyNs: 0n };
