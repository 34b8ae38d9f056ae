// The service UART's cable as a Unix socket: one byte stream, one host at a time. Never loses a byte that there is no room for.

import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { SerialWire } from '../hil/pins.ts';
import { listenForOwner } from './unix-listen.ts';

/** The plug. A reset gives the device a new UART: `plugInto` moves the cable, with whoever holds its other end. */
export interface ServiceCable {
  plugInto(wire: SerialWire): void;
  close(): void;
}

/** Listens at this path (mode 0600). A second host is refused while the first holds the cable. Errors: the system's. */
export async function openServiceSocket(path: string): Promise<ServiceCable> {
  const cable = new Cable();
  const server = createServer({ allowHalfOpen: false }, (socket) => cable.connect(socket));
  await listenForOwner(server, path);
  return {
    plugInto: (wire) => cable.plugInto(wire),
    close() {
      server.close();
      cable.unplug();
    },
  };
}

class Cable {
  #wire: SerialWire | undefined;
  #socket: Socket | undefined;
  #waiting: Uint8Array = new Uint8Array(0);

  plugInto(wire: SerialWire): void {
    this.#wire = wire;
    // What the device before its reset had not taken is the rest of something that the new one never saw begin.
    this.#waiting = new Uint8Array(0);
    this.#socket?.resume();
    // The UART before the reset may still have something to say: nobody listens to it.
    wire.onTransmit((bytes) => {
      if (this.#wire === wire) this.#toHost(bytes);
    });
    wire.onReceiveDrained(() => {
      if (this.#wire === wire) this.#toDevice();
    });
    if (this.#socket !== undefined) wire.attached();
  }

  connect(socket: Socket): void {
    if (this.#socket !== undefined) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#waiting = new Uint8Array(0);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#disconnected(socket));
    socket.on('drain', () => this.#wire?.clearToSend(true));
    socket.on('data', (chunk: Buffer) => {
      this.#waiting = new Uint8Array(Buffer.concat([this.#waiting, chunk]));
      this.#toDevice();
    });
    this.#wire?.attached();
  }

  unplug(): void {
    this.#socket?.destroy();
  }

  #disconnected(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    // A cable that hangs loose holds nothing up: what the device sends is gone.
    this.#wire?.clearToSend(true);
  }

  #toHost(bytes: Uint8Array): void {
    if (this.#socket?.writable === true && !this.#socket.write(bytes)) this.#wire?.clearToSend(false);
  }

  /** As much as the receive FIFO takes; while something waits, nothing more is read from the host (RTS). */
  #toDevice(): void {
    if (this.#wire === undefined || this.#socket === undefined) return;
    const fitting = this.#waiting.subarray(0, this.#wire.receiveFree());
    this.#waiting = this.#waiting.subarray(fitting.length);
    if (fitting.length > 0) this.#wire.receive(fitting);
    if (this.#waiting.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }
}
