// The access point's way out: TCP connections of this host. Never a Unix socket, never a listener, whatever a device asks for.

import { connect, isIP } from 'node:net';
import type { Uplink, UplinkConnection, UplinkEvents } from '../hil/uplink.ts';

/** Names are resolved as this host resolves them; any host that it reaches can be reached. */
export const tcpUplink: Uplink = {
  connect(host: string, port: number, events: UplinkEvents): UplinkConnection {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    let isConnected = false;
    let hasEnded = false;
    let isUnknown = false;
    socket.on('connect', () => {
      isConnected = true;
      events.connected();
    });
    socket.on('data', (chunk: Buffer) => events.bytes(new Uint8Array(chunk)));
    socket.on('end', () => {
      hasEnded = true;
      events.ended();
    });
    socket.on(
      'error',
      (error: NodeJS.ErrnoException) => (isUnknown = isIP(host) === 0 && error.syscall === 'getaddrinfo'),
    );
    socket.once('close', (hadError) => {
      if (!isConnected) events.closed(isUnknown ? 'unknown' : 'unreachable');
      else events.closed(hadError || !hasEnded ? 'lost' : 'finished');
    });
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
  },
};
