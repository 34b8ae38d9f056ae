// The access point's UDP: datagrams of this host. Never a broadcast, never a port that another machine could send to first.

import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Uplink, UplinkDatagramEvents, UplinkDatagrams } from '../hil/uplink.ts';
import { LOOPBACK, wantedPort } from './loopback-port.ts';

export const udpUplink: Pick<Uplink, 'bind'> = {
  bind(port: number, events: UplinkDatagramEvents): UplinkDatagrams {
    return new Datagrams(port, events);
  },
};

/** A socket for either family, opened when it is first needed; the one that listens is on the loopback interface. */
class Datagrams implements UplinkDatagrams {
  readonly #events: UplinkDatagramEvents;
  readonly #sockets = new Map<4 | 6, Socket>();
  #isGone = false;

  constructor(port: number, events: UplinkDatagramEvents) {
    this.#events = events;
    if (port === 0) queueMicrotask(() => this.#isGone || events.bound(0));
    else this.#listen(wantedPort(port));
  }

  send(address: string, port: number, bytes: Uint8Array, sent: () => void): void {
    const family = isIP(address);
    if (family === 0 || this.#isGone) return sent();
    // What cannot be sent is dropped, as on any network.
    this.#socket(family === 6 ? 6 : 4).send(bytes, port, address, () => sent());
  }

  destroy(): void {
    this.#isGone = true;
    for (const socket of this.#sockets.values()) {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
    }
    this.#sockets.clear();
  }

  #listen(port: number): void {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      if (this.#isGone) return;
      if (port !== 0) return this.#listen(0);
      this.#events.closed();
    });
    socket.bind({ address: LOOPBACK, port, exclusive: true }, () => {
      if (this.#isGone) return void socket.close();
      this.#take(4, socket);
      this.#events.bound(socket.address().port);
    });
  }

  #socket(family: 4 | 6): Socket {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    this.#take(family, socket);
    return socket;
  }

  #take(family: 4 | 6, socket: Socket): void {
    this.#sockets.set(family, socket);
    socket.removeAllListeners('error');
    // ICMP's bad news about one datagram is no reason to close for the others.
    socket.on('error', () => undefined);
    socket.on('message', (bytes, { address, port }) => this.#events.datagram(address, port, new Uint8Array(bytes)));
  }
}
