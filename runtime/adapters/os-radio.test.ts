// The OS's end of the radio: streams through an access point to this host, and a world that breaks the rules.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes } from '../../contracts/core/bytes.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { RadioFrame } from '../../contracts/wire/radio-link.ts';
import {
  decodeRadioFrame,
  encodeRadioFrame,
  RADIO_FRAME_MAX_BYTES,
  RADIO_SERVICE_STREAMS,
  RADIO_WINDOW_BYTES,
} from '../../contracts/wire/radio-link.ts';
import { radioBench } from '../../test/support/radio-bench.ts';
import { OsRadio } from './os-radio.ts';

async function tcpServer(t: ExecutionContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    t.teardown(() => socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const failureOf = (stream: Duplex) =>
  new Promise<string | undefined>((resolve) => stream.once('error', (error: { code?: string }) => resolve(error.code)));
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
async function all(stream: Duplex): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test('two megabytes come through each way whole, and both ends end', async (t) => {
  const port = await tcpServer(t, (socket) => socket.pipe(socket));
  const stream = radioBench().radio.connect('127.0.0.1', port);
  const sent = randomBytes(2 << 20);
  stream.end(sent);
  t.is(digest(await all(stream)), digest(sent));
});

test('a reader that takes its time makes the outside wait, and loses nothing', async (t) => {
  let given = 0;
  const port = await tcpServer(t, (socket) => {
    const fill = (): void => {
      while (given < 16 << 20 && socket.write(Buffer.alloc(1 << 16))) given += 1 << 16;
    };
    socket.on('drain', fill);
    fill();
  });
  const stream = radioBench().radio.connect('127.0.0.1', port);
  await new Promise((resolve) => stream.once('readable', resolve));
  let before = -1;
  while (before !== given) {
    before = given;
    await sleep(50);
  }
  t.true(given < 16 << 20, 'the outside was stopped by the windows and the host’s own buffers');
  t.true(stream.readableLength <= 2 * RADIO_WINDOW_BYTES);
  stream.destroy();
});

test('a stream that cannot be opened fails with why', async (t) => {
  const port = await tcpServer(t, (socket) => socket.destroy());
  const { radio, accessPoint } = radioBench();
  t.is(await failureOf(radio.connect('/run/x', port)), 'radio-host-unknown');
  t.is(await failureOf(radio.connect('no-such-host.invalid', port)), 'radio-host-unknown');
  t.is(await failureOf(radio.connect('127.0.0.1', 1)), 'radio-host-unreachable');
  accessPoint.obey({ do: 'radio', power: 'off' });
  t.is(await failureOf(radio.connect('127.0.0.1', port)), 'radio-off');
});

test('there are so many streams at once, and one that is closed makes room', async (t) => {
  const port = await tcpServer(t, (socket) => socket.pipe(socket));
  const { radio } = radioBench();
  const streams = Array.from({ length: RADIO_SERVICE_STREAMS }, () => radio.connect('127.0.0.1', port));
  t.is(await failureOf(radio.connect('127.0.0.1', port)), 'radio-too-many-streams');
  streams[0]?.destroy();
  await new Promise((resolve) => streams[0]?.once('close', resolve));
  const next = radio.connect('127.0.0.1', port);
  next.end('hello');
  t.is((await all(next)).toString(), 'hello');
});

test('a connection that breaks off is lost, one that ends is not', async (t) => {
  const port = await tcpServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const stream = radioBench().radio.connect('127.0.0.1', port);
  const failed = failureOf(stream);
  stream.write('x');
  t.is(await failed, 'radio-connection-lost');
});

test('without its wire the radio is off: streams are lost, new ones refused, and nothing is thrown', async (t) => {
  const port = await tcpServer(t, () => undefined);
  const bench = radioBench();
  const { radio } = bench;
  const stream = radio.connect('127.0.0.1', port);
  await new Promise((resolve) => stream.once('connect', resolve));
  const failed = failureOf(stream);
  bench.cut();
  t.is(await failed, 'radio-off');
  t.is(await failureOf(radio.connect('127.0.0.1', port)), 'radio-off');
});

const OPENED: RadioFrame = { kind: 'opened', stream: 1 };
const bytes = new Uint8Array(RADIO_WINDOW_BYTES / 4);
const DATA: RadioFrame = { kind: 'data', stream: 1, bytes };
const HOSTILE: readonly (readonly [why: string, said: readonly RadioFrame[] | Uint8Array])[] = [
  ['no frame', Uint8Array.of(1, 0, 0, 0, 99)],
  ['a frame that is too large', Uint8Array.of(0xff, 0xff, 0xff, 0x7f)],
  ['a stream that was never asked for', [{ kind: 'opened', stream: 2 }]],
  ['an opening of its own', [{ kind: 'open', stream: 1, host: 'a', port: 1 }]],
  ['data before it is open', [DATA]],
  ['open twice', [OPENED, OPENED]],
  ['refused after it was open', [OPENED, { kind: 'refused', stream: 1, why: 'radioOff' }]],
  ['data after the end', [OPENED, { kind: 'end', stream: 1 }, DATA]],
  ['an end twice', [OPENED, { kind: 'end', stream: 1 }, { kind: 'end', stream: 1 }]],
  ['credit for what was never sent', [OPENED, { kind: 'credit', stream: 1, bytes: 1 }]],
  ['more than the window, to a reader that does not read', [OPENED, DATA, DATA, DATA, DATA, DATA, DATA]],
];
for (const [why, said] of HOSTILE) {
  test(`a world that sends ${why} loses the radio, and the OS goes on`, async (t) => {
    const [deviceEnd, worldEnd] = duplexPair();
    const radio = new OsRadio(deviceEnd);
    const stream = radio.connect('service.example', 443);
    const failed = failureOf(stream);
    worldEnd.resume();
    worldEnd.write(said instanceof Uint8Array ? said : concatBytes(...said.map(encodeRadioFrame)));
    t.is(await failed, 'radio-off');
    t.is(await failureOf(radio.connect('service.example', 443)), 'radio-off');
  });
}

test('an end is said when the outside has taken every byte before it', async (t) => {
  const [deviceEnd, worldEnd] = duplexPair();
  const frames = new FrameStream(RADIO_FRAME_MAX_BYTES);
  const heard: string[] = [];
  worldEnd.on('data', (chunk: Buffer) =>
    heard.push(...frames.push(new Uint8Array(chunk)).map((frame) => decodeRadioFrame(frame).kind)),
  );
  const stream = new OsRadio(deviceEnd).connect('service.example', 443);
  worldEnd.write(encodeRadioFrame(OPENED));
  stream.end('0123456789');
  while (!heard.includes('data')) await sleep(1);
  await sleep(10);
  t.deepEqual(heard, ['open', 'data']);
  worldEnd.write(encodeRadioFrame({ kind: 'credit', stream: 1, bytes: 10 }));
  while (!heard.includes('end')) await sleep(1);
  t.false(stream.destroyed);
  stream.destroy();
});

test('frames of a stream that was closed here mean nothing any more', async (t) => {
  const [deviceEnd, worldEnd] = duplexPair();
  const radio = new OsRadio(deviceEnd);
  worldEnd.resume();
  radio.connect('service.example', 443).destroy();
  const next = radio.connect('service.example', 443);
  const late: readonly RadioFrame[] = [
    OPENED,
    DATA,
    DATA,
    DATA,
    DATA,
    DATA,
    { kind: 'closed', stream: 1, how: 'lost' },
  ];
  const opened: readonly RadioFrame[] = [...late, { kind: 'opened', stream: 2 }];
  const connected = new Promise((resolve) => next.once('connect', resolve));
  worldEnd.write(concatBytes(...opened.map(encodeRadioFrame)));
  await connected;
  t.false(next.destroyed);
});
