// What a board is: its name, its limits and what is soldered to its pins. Types only, so that world and tools can read it.

import type { GroupStraps } from '../hil/chip.ts';
import type { WallName } from '../hil/walls.ts';

export interface BoardDescription {
  /** As in the names of its hardware definition files. */
  readonly name: string;
  /** The most memory that one app may be granted, bytes. */
  readonly appMemoryLimitBytes: number;
  readonly parts: readonly BoardPart[];
  /** Walls of the host without which this board does not boot; absent: it boots with whatever stands. */
  readonly requiredWalls?: readonly WallName[];
  /** Apps of one signer share a process, where the board's maker accepts what that means. Absent: each app has one of its own. */
  readonly groups?: GroupStraps;
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
