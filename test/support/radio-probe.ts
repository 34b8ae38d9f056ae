// An OS of one page that does nothing but ask a service over its radio, started as the real one is: to show what a process without
// any right of the host reaches. It must never use another way out than the OS has.
//
// On the bus it gets one JSON line {host, port, root (base64), nowSeconds} and answers with what came of the request, and with what
// the host says when it opens a connection itself.

import process from 'node:process';
import { connect } from 'node:net';
import { CONTEXTS } from '../../contracts/core/chip.ts';
import { openOsChannel } from '../../runtime/adapters/os-channel.ts';
import { openOsRadio } from '../../runtime/adapters/os-radio.ts';
import { serviceNetwork } from '../../runtime/adapters/service-network.ts';

interface Order {
  readonly host: string;
  readonly port: number;
  readonly root: string;
  readonly nowSeconds: number;
}

const bus = openOsChannel(3, () => process.exit(0));
const network = serviceNetwork(openOsRadio(3 + 2 * CONTEXTS));

async function done(work: Promise<string>): Promise<string> {
  return work.catch((error: { code?: string }) => error.code ?? 'an error without a code');
}

async function obey({ host, port, root, nowSeconds }: Order): Promise<void> {
  const trust = { root: Uint8Array.from(Buffer.from(root, 'base64')), nowSeconds };
  const request = { method: 'GET', path: '/', maxBytes: 1024 } as const;
  const service = await done(
    network.request({ host, port }, trust, request).then(({ body }) => new TextDecoder().decode(body)),
  );
  const direct = await done(
    new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve('connected'));
      socket.on('error', reject);
    }),
  );
  bus.send(new TextEncoder().encode(`${JSON.stringify({ service, direct })}\n`));
}

let text = '';
bus.onBytes((bytes) => {
  text += new TextDecoder().decode(bytes);
  const lines = text.split('\n');
  text = lines.pop() ?? '';
  for (const line of lines) void obey(JSON.parse(line) as Order);
});
