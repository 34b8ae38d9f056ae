// Where the owner of a device's one service cable lets others in. Never inside the device: it is a socket of the host's tools.

import type { SocketPlace } from '../adapters/socket-place.ts';
import { placeSocket } from '../adapters/socket-place.ts';

/** `hub.sock` beside the device's own sockets, announced in `hub.addr`. */
export function placeHub(folder: string): SocketPlace {
  return placeSocket(folder, 'hub.sock', 'hub.addr');
}
