// What a board is: its name, its limits and what is soldered to its pins. Types only, so that world and tools can read it.

export interface BoardDescription {
  /** As in the names of its hardware definition files. */
  readonly name: string;
  /** The most memory that one app may be granted, bytes. */
  readonly appMemoryLimitBytes: number;
  readonly parts: readonly BoardPart[];
}

export interface BoardPart {
  readonly kind: 'button' | 'led';
  /** As in the board's hardware definition. */
  readonly name: string;
  /** GPIO number of the chip. */
  readonly pin: number;
  /** The level on the pin while the button is pressed or the LED is lit. */
  readonly active: 'low' | 'high';
}
