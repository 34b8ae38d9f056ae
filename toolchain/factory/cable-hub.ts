// Shares the one service cable of a device among several tools of its bench, as long as the tool that owns it runs. Never adds a
// right: what it passes on is what its owner could ask, and the device decides each time.

import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { isCoded } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { DEVICE_LINK_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { DeviceEvent, LinkEvent, LinkReply, LinkRequest } from '../../contracts/wire/device-link.ts';
import { decodeLinkFrame, encodeLinkFrame } from '../../contracts/wire/device-link.ts';
import { placeHub } from '../../runtime/board/hub-place.ts';
import type { DeviceClient } from './device-client.ts';

/** A tool that does not read for so long is let go, rather than kept in memory. */
const UNREAD_MAX_BYTES = 1024 * 1024;
const TOOLS_MAX = 16;

export interface CableHub {
  close(): Promise<void>;
}

/** Listens beside the device; `connectDevice` finds it. `client` holds the cable. Errors: the system's, when it cannot listen. */
export async function openCableHub(folder: string, client: DeviceClient): Promise<CableHub> {
  const place = placeHub(folder);
  const tools = new Set<Tool>();
  const server = createServer((socket) => {
    const tool = new Tool(socket, client);
    tools.add(tool);
    socket.once('close', () => tools.delete(tool));
  });
  server.maxConnections = TOOLS_MAX;
  await listen(server, place.path);
  place.announce();
  const deaf = await client.events((event) => {
    for (const tool of tools) tool.tell(event);
  });
  return {
    async close() {
      deaf();
      for (const tool of tools) tool.leave();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      place.clear();
    },
  };
}

/** One tool on the hub: its requests go out under the owner's ids and come back under its own. */
class Tool {
  readonly #socket: Socket;
  readonly #client: DeviceClient;
  readonly #frames = new FrameStream(DEVICE_LINK_FRAME_MAX_BYTES);
  #isSubscribed = false;

  constructor(socket: Socket, client: DeviceClient) {
    this.#socket = socket;
    this.#client = client;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
  }

  tell(event: DeviceEvent): void {
    if (this.#isSubscribed) this.#send({ event });
  }

  leave(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        const message = decodeLinkFrame(frame);
        if (!('method' in message)) return this.leave();
        void this.#answer(message);
      }
    } catch (error) {
      if (!isCoded(error)) throw error;
      this.leave();
    }
  }

  async #answer({ id, method, params }: LinkRequest): Promise<void> {
    if (method === 'events.subscribe') {
      this.#isSubscribed = true;
      return this.#send({ id, ok: true, result: {} });
    }
    try {
      this.#send({ id, ok: true, result: await this.#client.relay(method, params) });
    } catch (error) {
      if (!isCoded(error)) throw error;
      const { code, message, hint } = error;
      this.#send({ id, ok: false, error: hint === undefined ? { code, message } : { code, message, hint } });
    }
  }

  #send(message: LinkReply | LinkEvent): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > UNREAD_MAX_BYTES) return this.leave();
    this.#socket.write(encodeLinkFrame(message));
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
