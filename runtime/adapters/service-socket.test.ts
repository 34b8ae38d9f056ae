import test from 'ava';
import type { ExecutionContext } from 'ava';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UART_REGISTER } from '../../contracts/core/chip.ts';
import { ServiceUart } from '../soc/service-uart.ts';
import { openServiceSocket } from './service-socket.ts';

async function bench(t: ExecutionContext) {
  const folder = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  const path = join(folder, 'service.sock');
  const cable = await openServiceSocket(path);
  t.teardown(() => {
    cable.close();
    rmSync(folder, { recursive: true });
  });
  const plug = () => {
    const uart = new ServiceUart(() => undefined);
    cable.plugInto(uart);
    return { uart, carrier: () => new Uint8Array(uart.read(UART_REGISTER.carrier, 4).bytes)[0] };
  };
  return { path, plug };
}

const connected = (socket: Socket) => new Promise<Socket>((resolve) => socket.once('connect', () => resolve(socket)));
const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(2);
};

test('a megabyte comes through each way whole, however slowly the other end takes it', async (t) => {
  const { path, plug } = await bench(t);
  const { uart, carrier } = plug();
  const socket = await connected(connect(path));
  await until(() => carrier() === 1);
  const sent = new Uint8Array(randomBytes(1 << 20));
  socket.write(sent);
  const got: Uint8Array[] = [];
  const length = () => got.reduce((sum, part) => sum + part.length, 0);
  await until(() => {
    got.push(uart.read(UART_REGISTER.receive, 4096).bytes);
    return length() === sent.length;
  });
  t.is(Buffer.compare(Buffer.concat(got), sent), 0);
  let offset = 0;
  // The host does not read at first: the UART fills and refuses.
  await until(() => {
    if (uart.write(UART_REGISTER.transmit, sent.subarray(offset, offset + 4096)).status !== 'ok') return true;
    offset += 4096;
    return offset === sent.length;
  });
  t.true(offset < sent.length, 'there is back-pressure');
  const back: Buffer[] = [];
  let backBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    back.push(chunk);
    backBytes += chunk.length;
  });
  await until(() => {
    if (
      offset < sent.length &&
      uart.write(UART_REGISTER.transmit, sent.subarray(offset, offset + 4096)).status === 'ok'
    )
      offset += 4096;
    return backBytes === sent.length;
  });
  t.is(Buffer.compare(Buffer.concat(back), sent), 0);
  socket.destroy();
});

test('one host holds the cable; the next one gets it after that, as a new cable', async (t) => {
  const { path, plug } = await bench(t);
  const { uart, carrier } = plug();
  const first = await connected(connect(path));
  await until(() => carrier() === 1);
  const refused = connect(path);
  await new Promise((resolve) => refused.once('close', resolve));
  t.is(carrier(), 1, 'nobody pulled the first one out');
  first.destroy();
  let next: Socket | undefined;
  await until(() => {
    if (next === undefined || next.destroyed) next = connect(path);
    return carrier() === 2;
  });
  t.is(uart.write(UART_REGISTER.transmit, Uint8Array.of(9)).status, 'ok');
  const [byte] = await new Promise<Buffer>((resolve) => next?.once('data', resolve));
  t.is(byte, 9);
  next?.destroy();
});

test('without a host the device sends into the air and waits for nobody', async (t) => {
  const { plug } = await bench(t);
  const { uart } = plug();
  for (let count = 0; count < 40; count++) t.is(uart.write(UART_REGISTER.transmit, new Uint8Array(4096)).status, 'ok');
});

test('a reset device finds the host that was there, as a new cable', async (t) => {
  const { path, plug } = await bench(t);
  const before = plug();
  const socket = await connected(connect(path));
  await until(() => before.carrier() === 1);
  const after = plug();
  t.is(after.carrier(), 1);
  after.uart.write(UART_REGISTER.transmit, Uint8Array.of(4));
  const [byte] = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  t.is(byte, 4);
  socket.destroy();
});

test('a UART of before the reset is heard no more', async (t) => {
  const { path, plug } = await bench(t);
  const before = plug();
  const socket = await connected(connect(path));
  await until(() => before.carrier() === 1);
  const after = plug();
  t.is(after.carrier(), 1);
  before.uart.write(UART_REGISTER.transmit, Uint8Array.of(8));
  after.uart.write(UART_REGISTER.transmit, Uint8Array.of(4));
  const [byte] = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  t.is(byte, 4);
  socket.destroy();
});
