// The driver of the service UART: bytes from the cable, bytes to the cable, and word of a new cable. Never waits in a loop that
// nothing but the host can end: a host that stops reading stops its own cable only.

import { ByteReader } from '../../../contracts/core/bytes.ts';
import { OS_CONTEXT, REGION, UART_REGISTER } from '../../../contracts/core/chip.ts';
import { BUS_MAX_BYTES } from '../../../contracts/core/limits.ts';
import type { AsyncBus } from '../bus-client.ts';
import { OsError } from '../os-error.ts';
import { Turnstile } from '../turnstile.ts';

/** What a read gives: bytes, or that another host is there now and half-received frames mean nothing any more. */
export type SerialInput = { readonly kind: 'bytes'; readonly bytes: Uint8Array } | { readonly kind: 'new-cable' };

export class ServiceUartDriver {
  readonly #bus: AsyncBus;
  /**
   * Between asking for the carrier and knowing it no byte may go out: the silicon lets bytes through again as soon as the
   * register was read, and one of a frame for the last host would reach the new one.
   */
  readonly #transmitter = new Turnstile();
  #carrier: number | undefined;
  #wake: (() => void)[] = [];
  /** Counts interrupts, so that one between a look and a wait is not lost. */
  #interrupts = 0;
  #cable = 0;

  constructor(bus: AsyncBus) {
    this.#bus = bus;
  }

  /** Names the host that is there now; another number, another host. */
  get cable(): number {
    return this.#cable;
  }

  /** The interrupt `serviceUart` came. */
  interrupted(): void {
    this.#interrupts++;
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** Waits until there is something. Errors: `uart-unreadable`. */
  async read(): Promise<SerialInput> {
    for (;;) {
      const seen = this.#interrupts;
      if (await this.#transmitter.pass(() => this.#isNewCable())) return { kind: 'new-cable' };
      const bytes = await this.#readRegister(UART_REGISTER.receive, BUS_MAX_BYTES);
      if (bytes.length > 0) return { kind: 'bytes', bytes };
      await this.#interruptAfter(seen);
    }
  }

  /** All of it, in order; waits for room. What is for another cable than the present one is dropped. Errors: `uart-unreadable`. */
  async write(bytes: Uint8Array, cable: number): Promise<void> {
    for (let start = 0; start < bytes.length && cable === this.#cable;) {
      const part = bytes.subarray(start, start + BUS_MAX_BYTES);
      const seen = this.#interrupts;
      if (await this.#transmitter.pass(() => this.#transmit(part, cable))) start += part.length;
      else await this.#interruptAfter(seen);
    }
  }

  /** False: there is no room. */
  async #transmit(part: Uint8Array, cable: number): Promise<boolean> {
    if (cable !== this.#cable) return true;
    const { status } = await this.#bus.write(OS_CONTEXT, REGION.serviceUart.base + UART_REGISTER.transmit, part);
    if (status !== 'ok' && status !== 'fifoFull')
      throw new OsError('uart-unreadable', `the service UART answers ${status}`);
    return status === 'ok';
  }

  async #isNewCable(): Promise<boolean> {
    const carrier = new ByteReader(await this.#readRegister(UART_REGISTER.carrier, 4)).u32();
    if (this.#carrier === carrier) return false;
    this.#carrier = carrier;
    this.#cable++;
    return true;
  }

  async #readRegister(register: number, count: number): Promise<Uint8Array> {
    const { status, bytes } = await this.#bus.read(OS_CONTEXT, REGION.serviceUart.base + register, count);
    if (status !== 'ok') throw new OsError('uart-unreadable', `the service UART answers ${status}`);
    return bytes;
  }

  async #interruptAfter(seen: number): Promise<void> {
    if (this.#interrupts !== seen) return;
    await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}
