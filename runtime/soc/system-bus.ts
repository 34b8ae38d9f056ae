// The bus: asks the firewall first and the device behind the address second. Never throws, never lets the order be swapped.

import { BUS_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { Master } from '../../contracts/core/chip.ts';
import { INTERRUPT } from '../../contracts/core/chip.ts';
import type { Bus, BusResult } from '../hil/bus.ts';
import type { Firewall } from '../hil/firewall.ts';
import type { Access } from './bus-firewall.ts';

/** A device on the bus. Offsets are within its region; a wrong access is a status, never an exception. */
export interface BusDevice {
  readonly base: number;
  readonly size: number;
  read(offset: number, count: number): BusResult;
  write(offset: number, bytes: Uint8Array): BusResult;
}

/** The part of the firewall that the bus is wired to. */
export interface AccessGate extends Pick<Firewall, 'onViolation'> {
  allows(access: Access): boolean;
}

const NO_BYTES = new Uint8Array(0);
export const BUS_OK: BusResult = { status: 'ok', bytes: NO_BYTES };
export const BUS_BAD_ACCESS: BusResult = { status: 'badAccess', bytes: NO_BYTES };
export const BUS_FIFO_FULL: BusResult = { status: 'fifoFull', bytes: NO_BYTES };
const DENIED: BusResult = { status: 'denied', bytes: NO_BYTES };
const NO_DEVICE: BusResult = { status: 'noDevice', bytes: NO_BYTES };

export function busBytes(bytes: Uint8Array): BusResult {
  return { status: 'ok', bytes };
}

export class SystemBus implements Bus {
  readonly #gate: AccessGate;
  readonly #devices: readonly BusDevice[];
  readonly #listeners: ((line: number) => void)[] = [];

  constructor(gate: AccessGate, devices: readonly BusDevice[]) {
    this.#gate = gate;
    this.#devices = devices;
    gate.onViolation(() => this.interrupt(INTERRUPT.firewallViolation));
  }

  read(master: Master, context: number, address: number, count: number): BusResult {
    if (!isAccess(address, count)) return BUS_BAD_ACCESS;
    // A denied master does not even learn what lies behind the address.
    if (!this.#gate.allows({ master, context, address, length: count, access: 'read' })) return DENIED;
    const device = this.#deviceAt(address, count);
    return device === undefined ? NO_DEVICE : device.read(address - device.base, count);
  }

  write(master: Master, context: number, address: number, bytes: Uint8Array): BusResult {
    if (!isAccess(address, bytes.length)) return BUS_BAD_ACCESS;
    if (!this.#gate.allows({ master, context, address, length: bytes.length, access: 'write' })) return DENIED;
    const device = this.#deviceAt(address, bytes.length);
    return device === undefined ? NO_DEVICE : device.write(address - device.base, bytes);
  }

  onInterrupt(listener: (line: number) => void): void {
    this.#listeners.push(listener);
  }

  /** Raises a line; for the devices of the chip. */
  interrupt(line: number): void {
    for (const listener of this.#listeners) listener(line);
  }

  #deviceAt(address: number, length: number): BusDevice | undefined {
    return this.#devices.find(({ base, size }) => address >= base && address + length <= base + size);
  }
}

function isAccess(address: number, length: number): boolean {
  const whole = Number.isInteger(address) && Number.isInteger(length);
  return whole && address >= 0 && length > 0 && length <= BUS_MAX_BYTES && address + length <= 2 ** 32;
}
