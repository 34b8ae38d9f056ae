// The service UART: two FIFOs, flow control and an interrupt. Never carries a byte for one host over to the next.

import { ByteWriter } from '../../contracts/core/bytes.ts';
import { REGION, UART_FIFO_BYTES, UART_REGISTER } from '../../contracts/core/chip.ts';
import type { BusResult } from '../hil/bus.ts';
import type { SerialWire } from '../hil/pins.ts';
import { ByteFifo } from './byte-fifo.ts';
import type { BusDevice } from './system-bus.ts';
import { BUS_BAD_ACCESS, BUS_FIFO_FULL, BUS_OK, busBytes } from './system-bus.ts';

/** Registers: contracts/core/chip.ts. `raise` raises the interrupt line. */
export class ServiceUart implements BusDevice, SerialWire {
  readonly base = REGION.serviceUart.base;
  readonly size = REGION.serviceUart.size;
  readonly #raise: () => void;
  readonly #received = new ByteFifo(UART_FIFO_BYTES);
  readonly #transmitted = new ByteFifo(UART_FIFO_BYTES);
  #transmitListener: (bytes: Uint8Array) => void = () => undefined;
  #drainedListener: () => void = () => undefined;
  #clearToSend = true;
  #wasRefused = false;
  #carrier = 0;
  #carrierSeen = true;

  constructor(raise: () => void) {
    this.#raise = raise;
  }

  read(offset: number, count: number): BusResult {
    if (offset === UART_REGISTER.receive) return this.#receive(count);
    if (count !== 4) return BUS_BAD_ACCESS;
    if (offset === UART_REGISTER.receiveCount) return word(this.#carrierSeen ? this.#received.length : 0);
    if (offset === UART_REGISTER.transmitFree) return word(this.#transmitted.free);
    return offset === UART_REGISTER.carrier ? this.#readCarrier() : BUS_BAD_ACCESS;
  }

  write(offset: number, bytes: Uint8Array): BusResult {
    if (offset !== UART_REGISTER.transmit) return BUS_BAD_ACCESS;
    // The driver has not seen the new cable yet: this is the rest of a frame for the host before.
    if (!this.#carrierSeen) return BUS_OK;
    if (bytes.length > this.#transmitted.free) {
      this.#wasRefused = true;
      return BUS_FIFO_FULL;
    }
    this.#transmitted.push(bytes);
    this.#send();
    return BUS_OK;
  }

  onTransmit(listener: (bytes: Uint8Array) => void): void {
    this.#transmitListener = listener;
  }

  receiveFree(): number {
    return this.#received.free;
  }

  receive(bytes: Uint8Array): void {
    if (this.#received.push(bytes) > 0) this.#raise();
  }

  onReceiveDrained(listener: () => void): void {
    this.#drainedListener = listener;
  }

  clearToSend(ready: boolean): void {
    this.#clearToSend = ready;
    this.#send();
    if (ready && this.#wasRefused) {
      this.#wasRefused = false;
      this.#raise();
    }
  }

  attached(): void {
    this.#received.clear();
    this.#transmitted.clear();
    this.#carrier += 1;
    this.#carrierSeen = false;
    this.#raise();
  }

  #receive(count: number): BusResult {
    if (!this.#carrierSeen) return busBytes(new Uint8Array(0));
    const bytes = this.#received.take(count);
    if (bytes.length > 0) this.#drainedListener();
    return busBytes(bytes);
  }

  #readCarrier(): BusResult {
    this.#carrierSeen = true;
    return word(this.#carrier);
  }

  #send(): void {
    // The listener may say "not clear" in the middle: one chunk at a time.
    while (this.#clearToSend && this.#transmitted.length > 0) this.#transmitListener(this.#transmitted.take(4096));
  }
}

function word(value: number): BusResult {
  return busBytes(new ByteWriter(4).u32(value).finish());
}
