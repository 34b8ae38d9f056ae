// The GPIO block: 81 pins with a window each, driven by the chip, by the world, or by neither. Never knows what hangs on a pin.

import { ByteReader, ByteWriter } from '../../contracts/core/bytes.ts';
import type { GpioMode } from '../../contracts/core/chip.ts';
import { GPIO_MODE, GPIO_PINS, GPIO_REGISTER, GPIO_WINDOW_BYTES, REGION } from '../../contracts/core/chip.ts';
import type { Drive } from '../../contracts/core/pin-frame.ts';
import type { BusResult } from '../hil/bus.ts';
import type { Clock } from '../hil/clock.ts';
import type { PinWires } from '../hil/pins.ts';
import type { BusDevice } from './system-bus.ts';
import { BUS_BAD_ACCESS, BUS_OK, busBytes } from './system-bus.ts';

interface Pin {
  mode: GpioMode;
  output: 0 | 1;
  world: Drive;
}

const WORD_BYTES = 4;

/** Registers are whole words. `mode` and `output` read back; `input` is the wire's level in every mode, and read-only. */
export class GpioBlock implements BusDevice, PinWires {
  readonly base = REGION.gpio.base;
  readonly size = GPIO_PINS * GPIO_WINDOW_BYTES;
  readonly #clock: Clock;
  readonly #pins: readonly Pin[] = Array.from({ length: GPIO_PINS }, () => ({
    mode: 'off',
    output: 0,
    world: 'released',
  }));
  readonly #listeners: ((pin: number, drive: Drive, atNs: bigint) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  read(offset: number, count: number): BusResult {
    const found = this.#register(offset, count);
    if (found === undefined) return BUS_BAD_ACCESS;
    const { pin, register } = found;
    if (register === GPIO_REGISTER.mode) return word(GPIO_MODE[pin.mode]);
    if (register === GPIO_REGISTER.output) return word(pin.output);
    return register === GPIO_REGISTER.input ? word(wireLevel(chipDrive(pin), pin.world)) : BUS_BAD_ACCESS;
  }

  write(offset: number, bytes: Uint8Array): BusResult {
    const found = this.#register(offset, bytes.length);
    if (found === undefined) return BUS_BAD_ACCESS;
    const { number, pin, register } = found;
    const value = new ByteReader(bytes).u32();
    const before = chipDrive(pin);
    if (register === GPIO_REGISTER.output && (value === 0 || value === 1)) pin.output = value;
    else {
      const mode = register === GPIO_REGISTER.mode ? modeOf(value) : undefined;
      if (mode === undefined) return BUS_BAD_ACCESS;
      pin.mode = mode;
    }
    const after = chipDrive(pin);
    if (after !== before) for (const listener of this.#listeners) listener(number, after, this.#clock.nowNs());
    return BUS_OK;
  }

  onChipDrive(listener: (pin: number, drive: Drive, atNs: bigint) => void): void {
    this.#listeners.push(listener);
  }

  /** A pin that the chip does not have is ignored: no wire leads to it. */
  worldDrives(pin: number, drive: Drive): void {
    const target = this.#pins[pin];
    if (target !== undefined) target.world = drive;
  }

  #register(offset: number, length: number): { number: number; pin: Pin; register: number } | undefined {
    const number = Math.floor(offset / GPIO_WINDOW_BYTES);
    const pin = this.#pins[number];
    return pin === undefined || length !== WORD_BYTES
      ? undefined
      : { number, pin, register: offset % GPIO_WINDOW_BYTES };
  }
}

/** What the chip puts on the wire: an open drain only pulls down, an open source only up. */
function chipDrive({ mode, output }: Pin): Drive {
  if (mode === 'pushPull') return output === 1 ? 'high' : 'low';
  if (mode === 'openDrain') return output === 0 ? 'low' : 'released';
  if (mode === 'openSource') return output === 1 ? 'high' : 'released';
  return 'released';
}

/** Low wins a conflict (ground sinks more than a driver sources); a wire that nobody drives is pulled up weakly. */
function wireLevel(chip: Drive, world: Drive): 0 | 1 {
  return chip === 'low' || world === 'low' ? 0 : 1;
}

function modeOf(value: number): GpioMode | undefined {
  return (Object.keys(GPIO_MODE) as GpioMode[]).find((name) => GPIO_MODE[name] === value);
}

function word(value: number): BusResult {
  return busBytes(new ByteWriter(WORD_BYTES).u32(value).finish());
}
