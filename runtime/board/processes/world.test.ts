// The world as a process: several benches at its socket, pin frames on its descriptor, and an end with the device.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { PIN_FRAME_BYTES, decodePinFrame, encodePinFrame } from '../../../contracts/core/pin-frame.ts';
import type { PinFrame } from '../../../contracts/core/pin-frame.ts';

const SCRIPT = fileURLToPath(new URL('world.ts', import.meta.url));

/** Asks again until there is an answer; a test that waits for what never comes ends by AVA's own limit. */
async function until<Value>(look: () => Value | undefined): Promise<Value> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function startedWorld(folder: string) {
  const poweredOnAtNs = String(process.hrtime.bigint());
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify({ folder, board: 'mt3620_rdb', poweredOnAtNs })], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const wires = child.stdio[3] as Duplex;
  const frames: PinFrame[] = [];
  let rest = Buffer.alloc(0);
  wires.on('data', (chunk: Buffer) => {
    for (rest = Buffer.concat([rest, chunk]); rest.length >= PIN_FRAME_BYTES; rest = rest.subarray(PIN_FRAME_BYTES)) {
      frames.push(decodePinFrame(rest.subarray(0, PIN_FRAME_BYTES)));
    }
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const note = join(folder, 'world.addr');
  const address = await until(() => (existsSync(note) ? readFileSync(note, 'utf8').trim() || undefined : undefined));
  return { wires, frames, ended, address, note };
}

function listening(address: string): { readonly socket: Socket; readonly text: () => string } {
  const socket = connect({ path: address });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return { socket, text: () => text };
}

for (const { where, folderOf } of [
  { where: 'a short folder', folderOf: (base: string) => base },
  // A Unix socket's path has about 100 bytes; a checkout may lie deep.
  {
    where: 'a folder whose path is too long for a socket',
    folderOf: (base: string) => join(base, 'x'.repeat(60), 'y'.repeat(60)),
  },
]) {
  test(`from ${where}, every bench sees every edge, and all ends with the device`, async (t) => {
    const base = mkdtempSync(join(tmpdir(), 'casemate-world-'));
    const folder = folderOf(base);
    mkdirSync(folder, { recursive: true });
    const { wires, frames, ended, address, note } = await startedWorld(folder);
    const benches = [listening(address), listening(address)];
    await Promise.all(benches.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    // Each is heard, so that both are known to the world before the edge.
    benches.forEach(({ socket }) => socket.write('?\n'));
    await until(() => (benches.every(({ text }) => text().includes('command-malformed')) ? true : undefined));
    wires.write(encodePinFrame({ from: 'chip', pin: 8, drive: 'low', atNs: 7_000_000n }));
    for (const { text } of benches)
      await until(() => (text().includes('{"kind":"pin","t":7,"pin":8,"level":0,"by":"chip"}\n') ? true : undefined));
    benches[1]?.socket.write('{"do":"press","pin":12,"forMs":1}\n');
    await until(() => (frames.filter(({ pin }) => pin === 12).length === 3 ? true : undefined));
    t.deepEqual(
      frames.filter(({ pin }) => pin === 12).map(({ from, drive }) => `${from} ${drive}`),
      ['world high', 'world low', 'world high'],
    );
    wires.destroy();
    t.is(await ended, 0);
    t.false(existsSync(note));
    t.false(existsSync(address));
    rmSync(base, { recursive: true });
  });
}

test('a world without a board that it knows is wrong usage', async (t) => {
  for (const argument of ['', '{}', '{"folder":"/","board":"toaster","poweredOnAtNs":"1"}']) {
    const child = spawn(process.execPath, [SCRIPT, argument], { stdio: 'ignore' });
    t.is(await new Promise((resolve) => child.once('exit', resolve)), 2, argument);
  }
});
