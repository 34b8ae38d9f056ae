// The radio of a device whose processes are all real: an OS without any right of the host, the secure world that passes bytes on, a
// world that has the network.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { radioProgram } from '../../test/support/radio-program.ts';
import { HOST_NOW, servicePki, tlsServer } from '../../test/support/service-pki.ts';
import { readNote } from '../adapters/folder.ts';
import { ProcessLauncher } from '../adapters/process-launcher.ts';
import { startWorld } from '../adapters/world-process.ts';
import type { WorldWires } from '../adapters/world-process.ts';
import type { OsProcess } from '../hil/launch.ts';
import { joinEnds } from './relay.ts';

const WORLD = new URL('processes/world.ts', import.meta.url);
const PKI = servicePki();
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

async function bench(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-radio-'));
  const poweredOnAtNs = String(process.hrtime.bigint());
  const world = startWorld(WORLD, { folder, board: 'mt3620_rdb', poweredOnAtNs });
  t.teardown(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, world };
}

/** One boot: the program is the OS, on a radio of its own. */
async function boot(t: ExecutionContext, world: WorldWires | undefined) {
  const launcher = new ProcessLauncher();
  t.teardown(() => launcher.close());
  const os = launcher.startOs({ name: 'os', code: await radioProgram() });
  const accessPoint = await world?.plugInRadio();
  if (accessPoint === undefined) os.radio.close();
  else joinEnds(os.radio, accessPoint);
  return { launcher, os };
}

function answerOf(os: OsProcess, port: number): Promise<unknown> {
  const order = {
    host: 'localhost',
    port,
    root: Buffer.from(PKI.root.der).toString('base64'),
    nowSeconds: HOST_NOW,
  };
  return new Promise((resolve) => {
    let text = '';
    os.bus.onBytes((bytes) => {
      text += new TextDecoder().decode(bytes);
      if (text.endsWith('\n')) resolve(JSON.parse(text));
    });
    os.bus.send(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
  });
}

test('an OS process without the right to the network reaches its service through the world, and nothing by itself', async (t) => {
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => socket.once('data', () => socket.end(OK)));
  const { world } = await bench(t);
  const { os } = await boot(t, world);
  t.deepEqual(await answerOf(os, port), { service: 'hello', direct: 'ERR_ACCESS_DENIED' });
});

test('a reset drops every connection, and the next boot has a radio of its own', async (t) => {
  const sockets: TLSSocket[] = [];
  const asked = Promise.withResolvers<void>();
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => {
    sockets.push(socket);
    // The first boot's request is never answered.
    socket.once('data', () => (sockets.length === 1 ? asked.resolve() : socket.end(OK)));
  });
  const { world } = await bench(t);
  const first = await boot(t, world);
  void answerOf(first.os, port);
  await asked.promise;
  const dropped = new Promise((resolve) => sockets[0]?.once('close', resolve));
  first.launcher.close();
  await dropped;
  const second = await boot(t, world);
  t.like(await answerOf(second.os, port), { service: 'hello' });
});

test('without a world the radio is off, and the OS goes on', async (t) => {
  const { os } = await boot(t, undefined);
  t.like(await answerOf(os, 443), { service: 'service-unreachable' });
});

test('a world that ends takes the radio with it; a boot after that has none', async (t) => {
  const { world } = await bench(t);
  const { os } = await boot(t, world);
  const gone = new Promise<void>((resolve) => os.radio.onClosed(resolve));
  await world.close();
  await gone;
  t.is(await world.plugInRadio(), undefined);
  t.like(await answerOf(os, 443), { service: 'service-unreachable' });
});

test('whoever sends garbage to the radio’s socket is cut off, and the world goes on', async (t) => {
  const port = await tlsServer(t, [PKI.leaf, PKI.ca], (socket) => socket.once('data', () => socket.end(OK)));
  const { folder, world } = await bench(t);
  await world.ready;
  const stranger = connect({ path: (readNote(join(folder, 'radio.addr')) ?? '').trim() });
  stranger.resume().write(Buffer.alloc(64, 0xff));
  await new Promise((resolve) => stranger.once('close', resolve));
  const { os } = await boot(t, world);
  t.like(await answerOf(os, port), { service: 'hello' });
});
