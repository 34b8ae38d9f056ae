// The host behind every name that a manifest grants, for the time of one run: it takes connections, answers one request, and sends whoever
// asks for it to a host that is not granted. Reached through the device's access point alone.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Bench } from '../cli/bench.ts';
import { isAddress } from './network-recipes.ts';
import { AWAY, otherPlace } from './wasi-recipes.ts';

/** Names the hosts to the access point, does the work, and closes. Does nothing more where no name is granted. */
export async function withKitServer<Result>(
  hosts: readonly string[],
  bench: Bench,
  work: () => Promise<Result>,
): Promise<Result> {
  const names = hosts.filter((host) => !isAddress(host));
  if (names.length === 0) return work();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // A guest that drops its connection is no concern of this server.
    socket.on('error', () => socket.destroy());
    socket.once('data', (said) => socket.end(answerTo(String(said), otherPlace(hosts))));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    for (const name of names) await bench.radio({ do: 'radio-host', name, address: '127.0.0.1', port });
    return await work();
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}

function answerTo(request: string, other: string): string {
  const end = 'Content-Length: 0\r\nConnection: close\r\n\r\n';
  if (!request.startsWith(`GET ${AWAY} `)) return `HTTP/1.1 200 OK\r\n${end}`;
  return `HTTP/1.1 302 Found\r\nLocation: http://${other}/\r\n${end}`;
}
