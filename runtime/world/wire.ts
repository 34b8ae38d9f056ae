// One wire between the chip and the world: who drives it, and what level that makes. Never remembers anything but the present.

import type { Drive } from '../../contracts/core/pin-frame.ts';

export type WireLevel = 0 | 1 | null;

/** Two ends of a wire. Low wins where both drive: what pulls to ground sinks more than a driver sources. */
export class Wire {
  #chip: Drive = 'released';
  #world: Drive = 'released';

  get world(): Drive {
    return this.#world;
  }

  /** `null`: nobody drives it. */
  get level(): WireLevel {
    if (this.#chip === 'low' || this.#world === 'low') return 0;
    return this.#chip === 'high' || this.#world === 'high' ? 1 : null;
  }

  /** Whether the level changed. */
  drive(from: 'chip' | 'world', drive: Drive): boolean {
    const before = this.level;
    if (from === 'chip') this.#chip = drive;
    else this.#world = drive;
    return this.level !== before;
  }
}
