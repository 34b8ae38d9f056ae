// The pins as wires between chip and world. Types only.

import type { Drive } from '../../contracts/core/pin-frame.ts';

/** The chip's side of its pins. */
export interface PinWires {
  /** The chip drives or releases a pin. */
  onChipDrive(listener: (pin: number, drive: Drive, atNs: bigint) => void): void;
  /** The world drives or releases a pin. */
  worldDrives(pin: number, drive: Drive): void;
}

/** The chip's side of the service UART: bytes in from the cable, bytes out to it. */
export interface SerialWire {
  onTransmit(listener: (bytes: Uint8Array) => void): void;
  /** How many more bytes fit in the receive FIFO. */
  receiveFree(): number;
  /** Bytes from the cable; those that do not fit are lost, as on a wire. */
  receive(bytes: Uint8Array): void;
  /** Told when the device took bytes out, so that the cable's other end can go on (RTS/CTS). */
  onReceiveDrained(listener: () => void): void;
  /** Whether the cable's other end takes bytes now; until it does they wait in the transmit FIFO. True at first: a bare wire takes all. */
  clearToSend(ready: boolean): void;
  /** Somebody plugged a cable in: both FIFOs are emptied and the carrier register counts on. */
  attached(): void;
}
