// The wires between the chip's pins and the world. They outlive a reset of the chip: a pressed button stays pressed.

import type { Drive, PinFrame } from '../../contracts/core/pin-frame.ts';
import type { Clock } from '../hil/clock.ts';
import type { PinWires } from '../hil/pins.ts';

/** The world's end of the wires. */
export interface WorldEnd {
  chipDrives(frame: PinFrame): void;
  onWorldDrives(listener: (frame: PinFrame) => void): void;
}

export class PinHarness {
  readonly #world: WorldEnd;
  readonly #clock: Clock;
  readonly #chipDrives = new Map<number, Drive>();
  readonly #worldDrives = new Map<number, Drive>();
  #pins: PinWires | undefined;

  constructor(world: WorldEnd, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
    world.onWorldDrives(({ pin, drive }) => {
      this.#worldDrives.set(pin, drive);
      this.#pins?.worldDrives(pin, drive);
    });
  }

  /** Solders a chip in, fresh from its reset: what the one before drove is let go, what the world drives is there. */
  plugInto(pins: PinWires): void {
    this.#pins = pins;
    for (const pin of this.#chipDrives.keys()) this.#tellWorld(pin, 'released', this.#clock.nowNs());
    for (const [pin, drive] of this.#worldDrives) pins.worldDrives(pin, drive);
    pins.onChipDrive((pin, drive, atNs) => {
      if (this.#pins === pins) this.#tellWorld(pin, drive, atNs);
    });
  }

  #tellWorld(pin: number, drive: Drive, atNs: bigint): void {
    if (drive === 'released') this.#chipDrives.delete(pin);
    else this.#chipDrives.set(pin, drive);
    this.#world.chipDrives({ from: 'chip', pin, drive, atNs });
  }
}
