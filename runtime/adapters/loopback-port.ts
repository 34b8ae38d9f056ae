// Where on this host a device's port is opened. Never on an interface that another machine reaches.

export const LOOPBACK = '127.0.0.1';

/** Below it a port belongs to this host's own services (and is not ours to open without a right of the host). */
const FIRST_FREE_PORT = 1024;

/** The same number where that may be, otherwise 0: any. */
export function wantedPort(port: number): number {
  return port < FIRST_FREE_PORT ? 0 : port;
}
