// The access point's TCP: connections of this host, and ports on its loopback interface. Never a Unix socket, never a port that another
// machine could reach, whatever a device asks for.

import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer, isIP } from 'node:net';
import type { Uplink, UplinkConnection, UplinkEvents, UplinkListener, UplinkListenEvents } from '../hil/uplink.ts';
import { LOOPBACK, wantedPort } from './loopback-port.ts';

/** Names are resolved as this host resolves them; any host that it reaches can be reached. */
export const tcpUplink: Pick<Uplink, 'connect' | 'listen'> = {
  connect(host: string, port: number, events: UplinkEvents): UplinkConnection {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    let isConnected = false;
    let failure: NodeJS.ErrnoException | undefined;
    const connection = tell(socket, events, (hadError, hasEnded) => {
      if (isConnected) return hadError || !hasEnded ? 'lost' : 'finished';
      if (isIP(host) === 0 && failure?.syscall === 'getaddrinfo') return 'unknown';
      return failure?.code === 'ECONNREFUSED' ? 'refused' : 'unreachable';
    });
    socket.on('connect', () => {
      isConnected = true;
      events.connected();
    });
    socket.on('error', (error) => (failure = error));
    return connection;
  },

  listen(port: number, events: UplinkListenEvents): UplinkListener {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    let isOpen = false;
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      const { remoteAddress: address, remotePort } = socket;
      if (address === undefined || remotePort === undefined) return void socket.destroy();
      events.caller({
        address,
        port: remotePort,
        accept(stream) {
          const connection = tell(socket, stream, (hadError, hasEnded) =>
            hadError || !hasEnded ? 'lost' : 'finished',
          );
          // It may have gone while it waited: its `close` was before anybody listened.
          if (socket.destroyed) queueMicrotask(() => stream.closed('lost'));
          return connection;
        },
        refuse: () => void socket.resetAndDestroy(),
      });
    });
    server.on('listening', () => {
      isOpen = true;
      events.listening((server.address() as AddressInfo).port);
    });
    server.on('error', () => {
      if (isOpen || wantedPort(port) === 0) return events.closed();
      // The number is taken on this host: any other will do.
      port = 0;
      server.listen({ host: LOOPBACK, port });
    });
    server.listen({ host: LOOPBACK, port: wantedPort(port) });
    return {
      destroy() {
        server.removeAllListeners();
        server.on('error', () => undefined);
        server.close();
      },
    };
  },
};

function tell(
  socket: Socket,
  events: UplinkEvents,
  closing: (hadError: boolean, hasEnded: boolean) => Parameters<UplinkEvents['closed']>[0],
): UplinkConnection {
  let hasEnded = false;
  socket.on('data', (chunk: Buffer) => events.bytes(new Uint8Array(chunk)));
  socket.on('end', () => {
    hasEnded = true;
    events.ended();
  });
  socket.once('close', (hadError) => events.closed(closing(hadError, hasEnded)));
  return {
    write: (bytes, written) => void socket.write(bytes, (error) => (error ? undefined : written())),
    end: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    destroy() {
      // Nothing of it is told any more; an error that is under way still needs somebody who takes it.
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
    },
  };
}
