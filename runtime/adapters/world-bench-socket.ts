// The control link of the world: a Unix socket for several benches at once. Never lets one that does not read fill our memory.

import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { WorldEvent } from '../../contracts/wire/world-link.ts';
import { listenForOwner } from './unix-listen.ts';

/** Events that wait for one bench, bytes; beyond it the bench is dropped. */
const WAITING_MAX_BYTES = 1024 * 1024;
/** Benches at once. */
const BENCHES_MAX = 16;

/** One connected bench. */
export interface BenchPeer {
  receive(chunk: Uint8Array): void;
}

export class BenchSocket {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();

  /** Listens at this path (mode 0600). `connected` makes the peer of a new bench. Errors: the system's. */
  async listen(path: string, connected: (answer: (event: WorldEvent) => void) => BenchPeer): Promise<void> {
    const server = this.#server;
    server.maxConnections = BENCHES_MAX;
    server.on('connection', (socket) => this.#take(socket, connected));
    await listenForOwner(server, path);
  }

  /** To every bench. */
  tell(event: WorldEvent): void {
    for (const socket of this.#sockets) send(socket, event);
  }

  /** Resolves when no bench has events waiting: at once, or when it has read or is gone. */
  async drained(): Promise<void> {
    const waiting = [...this.#sockets].filter((socket) => socket.writableLength > 0 && socket.writable);
    await Promise.all(waiting.map((socket) => once(socket)));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket, connected: (answer: (event: WorldEvent) => void) => BenchPeer): void {
    this.#sockets.add(socket);
    const peer = connected((event) => send(socket, event));
    socket.on('data', (chunk: Buffer) => peer.receive(new Uint8Array(chunk)));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

function once(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.write('', () => resolve());
    socket.once('close', () => resolve());
  });
}

function send(socket: Socket, event: WorldEvent): void {
  if (!socket.writable) return;
  socket.write(`${JSON.stringify(event)}\n`);
  if (socket.writableLength > WAITING_MAX_BYTES) socket.destroy();
}
