// The GPIO driver: the broker's pin calls as register accesses in the app's own bus context. Never in the OS's context, so
// that the silicon firewall sees for whom it is.

import type { BusStatus } from '../../contracts/core/bus-frame.ts';
import { ByteWriter } from '../../contracts/core/bytes.ts';
import type { GpioMode } from '../../contracts/core/chip.ts';
import { GPIO_MODE, GPIO_PINS, GPIO_REGISTER, gpioWindow } from '../../contracts/core/chip.ts';
import type { GpioOutputMode, GpioPort, PortResult } from '../../host-apis/ports.ts';
import type { AsyncBus } from './bus-client.ts';

const WORD_BYTES = 4;
const MODES: Readonly<Record<GpioOutputMode, GpioMode>> = {
  'push-pull': 'pushPull',
  'open-drain': 'openDrain',
  'open-source': 'openSource',
};
const OK: PortResult<void> = { ok: true, value: undefined };

export class GpioDriver implements GpioPort {
  readonly #bus: AsyncBus;

  constructor(bus: AsyncBus) {
    this.#bus = bus;
  }

  openInput(context: number, pin: number): Promise<PortResult<void>> {
    return this.#setWord(context, pin, GPIO_REGISTER.mode, GPIO_MODE.input);
  }

  /** The level stands in the register before the pin is driven: no glitch of the other level on the wire. */
  async openOutput(context: number, pin: number, mode: GpioOutputMode, level: 0 | 1): Promise<PortResult<void>> {
    const written = await this.#setWord(context, pin, GPIO_REGISTER.output, level);
    return written.ok ? this.#setWord(context, pin, GPIO_REGISTER.mode, GPIO_MODE[MODES[mode]]) : written;
  }

  async read(context: number, pin: number): Promise<PortResult<0 | 1>> {
    if (!exists(pin)) return NO_DEVICE;
    const { status, bytes } = await this.#bus.read(context, gpioWindow(pin) + GPIO_REGISTER.input, WORD_BYTES);
    if (status !== 'ok') return refused(status);
    const [lowByte] = bytes;
    return lowByte === 0 || lowByte === 1 ? { ok: true, value: lowByte } : refused('badAccess');
  }

  write(context: number, pin: number, level: 0 | 1): Promise<PortResult<void>> {
    return this.#setWord(context, pin, GPIO_REGISTER.output, level);
  }

  async close(context: number, pin: number): Promise<void> {
    await this.#setWord(context, pin, GPIO_REGISTER.mode, GPIO_MODE.off);
  }

  async #setWord(context: number, pin: number, register: number, value: number): Promise<PortResult<void>> {
    // Beyond the last pin another device's registers may begin: such a number is no address.
    if (!exists(pin)) return NO_DEVICE;
    const { status } = await this.#bus.write(
      context,
      gpioWindow(pin) + register,
      new ByteWriter(WORD_BYTES).u32(value).finish(),
    );
    return status === 'ok' ? OK : refused(status);
  }
}

const NO_DEVICE = { ok: false, error: 'no-device', layer: 'driver' } as const;

function exists(pin: number): boolean {
  return Number.isInteger(pin) && pin >= 0 && pin < GPIO_PINS;
}

function refused(status: Exclude<BusStatus, 'ok'>): Extract<PortResult<never>, { ok: false }> {
  switch (status) {
    case 'denied':
      return { ok: false, error: 'access-denied', layer: 'firewall' };
    case 'noDevice':
      return NO_DEVICE;
    case 'badAccess':
    case 'fifoFull':
      return { ok: false, error: 'io', layer: 'driver' };
  }
}
