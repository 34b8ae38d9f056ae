// Where the secure world plugs a device's radio in: a Unix socket, one connection for each boot. Never reads on from a device that
// does not take its answers.

import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { listenForOwner } from './unix-listen.ts';

/** One radio link, at the access point. */
export interface RadioPeer {
  receive(chunk: Uint8Array): void;
  /** The link is gone. */
  over(): void;
}

/** At once: the boot that is over may still be on its way out when the next one comes. */
const LINKS_MAX = 4;

export class RadioSocket {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();

  /** Listens at this path (mode 0600). `connected` makes the access point's side of a new link. Errors: the system's. */
  async listen(
    path: string,
    connected: (device: { send(bytes: Uint8Array): void; hangUp(): void }) => RadioPeer,
  ): Promise<void> {
    const server = this.#server;
    server.maxConnections = LINKS_MAX;
    server.on('connection', (socket) => this.#take(socket, connected));
    await listenForOwner(server, path);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket, connected: Parameters<RadioSocket['listen']>[1]): void {
    this.#sockets.add(socket);
    const peer = connected({
      send(bytes) {
        // Frames make answers: a device that sends without reading would otherwise fill our memory with them.
        if (socket.writable && !socket.write(bytes)) socket.pause();
      },
      hangUp: () => void socket.destroy(),
    });
    socket.on('drain', () => socket.resume());
    socket.on('data', (chunk: Buffer) => peer.receive(new Uint8Array(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      peer.over();
    });
  }
}
