import test from 'ava';
import type { ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { p256ScalarFrom } from '../../contracts/core/p256.ts';
import { FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { BenchStage } from '../../test/support/boot-bench.ts';
import { FLASH_PART_OF, benchKeys, signedStages, stageParts } from '../../test/support/boot-bench.ts';
import { bundle } from '../../toolchain/factory/bundle.ts';
import { openDeviceFolder, writeImagePart } from './device-folder.ts';

const SECURE_WORLD = fileURLToPath(new URL('processes/secure-world.ts', import.meta.url));
const keys = benchKeys();
const stageCode = Promise.all([
  bundle({ entry: 'runtime/monitor/pluton/stage.ts', form: 'stage' }),
  bundle({ entry: 'runtime/monitor/stage.ts', form: 'stage' }),
]);

/**
 * An OS of thirty lines: asks the monitor who it is, answers each new cable with that answer, and resets the device when
 * the cable says so. Frames: contracts/core/bus-frame.ts and runtime/monitor/abi/secure-call.ts.
 */
const TINY_OS = `
import { Socket } from 'node:net';
const bus = new Socket({ fd: 3 });
const secure = new Socket({ fd: 4 });
const u32 = (...values) => Buffer.concat(values.map((value) => { const b = Buffer.alloc(4); b.writeUInt32LE(value); return b; }));
const frame = (...parts) => { const body = Buffer.concat(parts); return Buffer.concat([u32(body.length), body]); };
const frames = (stream, listener) => {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE()) {
      const length = rest.readUInt32LE();
      listener(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
  });
};
const call = (number) => secure.write(frame(u32(9), Buffer.from([1, 0, number, 0])));
const read = (tag, register, count) => bus.write(frame(u32(tag), Buffer.from([1, 0, 0, 0]), u32(0x38020000 + register, count)));
let description;
frames(secure, (reply) => { description = reply.subarray(8); read(1, 8, 4); });
frames(bus, (reply) => {
  const tag = reply.readUInt32LE();
  if (tag === 0) { read(1, 8, 4); read(2, 16, 64); }
  if (tag === 1 && description) bus.write(frame(u32(3), Buffer.from([2, 0, 0, 0]), u32(0x38020020), description));
  if (tag === 2 && reply.subarray(8).toString() === 'reset') call(16);
  if (tag === 2 && reply.subarray(8).toString() === 'crash') throw new Error('as asked');
});
bus.on('close', () => process.exit());
call(1);
`;

interface PoweredOn {
  readonly lines: Record<string, unknown>[];
  /** The next line that has this key. */
  next(key: string): Promise<Record<string, unknown>>;
  readonly exit: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  pullPlug(): void;
}

function powerOn(t: ExecutionContext, folder: string, ...args: string[]): PoweredOn {
  const child = spawn(process.execPath, [SECURE_WORLD, folder, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => child.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  let wake: () => void = () => undefined;
  let taken = 0;
  createInterface(child.stdout).on('line', (line) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
    wake();
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    lines,
    async next(key) {
      for (;;) {
        const found = lines.findIndex((line, index) => index >= taken && key in line);
        if (found >= 0) {
          taken = found + 1;
          return lines[found] ?? {};
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    exit,
    kill: (signal) => void child.kill(signal),
    pullPlug: () => void child.stdin.end(),
  };
}

async function manufactured(
  t: ExecutionContext,
  options: { readonly under?: string; readonly os?: string } = {},
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, options.under ?? 'device');
  const [pluton, monitor] = await stageCode;
  const parts = stageParts(keys);
  const images = signedStages(
    {
      ...parts,
      plutonRuntime: { ...parts.plutonRuntime, component: pluton.code },
      monitor: { ...parts.monitor, component: monitor.code },
      os: { ...parts.os, component: new TextEncoder().encode(options.os ?? TINY_OS) },
    },
    keys.platform,
  );
  const device = openDeviceFolder(folder);
  for (const [stage, image] of Object.entries(images))
    writeImagePart(device.flash, FLASH_PART_OF[stage as BenchStage], image);
  device.programmer.writeIdentityKey(p256ScalarFrom(randomBytes(48)));
  device.programmer.writeDeviceSecret(new Uint8Array(randomBytes(32)));
  device.programmer.writePlatformKeyDigest(keys.platform.keyId);
  device.fuses.advanceLifecycle('DeviceComplete');
  device.close();
  return folder;
}

const cable = (folder: string): Socket => connect(readFileSync(join(folder, 'service.addr'), 'utf8').trim());

/** What the tiny OS says to a new cable: the device's description, 80 bytes and the board's name. */
function greeting(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= 88) resolve(bytes);
    });
  });
}

test('a device boots from its folder, answers on its cable, resets when asked, and is off at the end', async (t) => {
  const folder = await manufactured(t);
  const device = powerOn(t, folder);
  await device.next('ready');
  const boots = device.lines.filter((line) => 'boot' in line);
  t.deepEqual(
    boots.map(({ boot, ok }) => [boot, ok]),
    ['rom', 'engine', 'plutonRuntime', 'trustedKeystore', 'monitor', 'os'].map((stage) => [stage, true]),
  );
  t.is(statSync(join(folder, 'service.sock')).mode & 0o777, 0o600);
  const socket = cable(folder);
  const opened = openDeviceFolder(folder);
  const id = opened.deviceId();
  opened.close();
  const description = await greeting(socket);
  t.is(description.subarray(0, 64).toString('hex'), id);
  t.true(description.includes('mt3620_rdb'));
  const second = cable(folder);
  await t.notThrowsAsync(new Promise((resolve) => second.once('close', resolve)), 'a second host is refused');
  const again = greeting(socket);
  socket.write('reset');
  t.like(await device.next('reset'), { reset: 'requested' });
  await device.next('ready');
  t.true((await again).includes('mt3620_rdb'), 'the cable stayed in');
  device.kill('SIGTERM');
  t.is(await device.exit, 0);
  t.false(existsSync(join(folder, 'service.sock')) || existsSync(join(folder, 'service.addr')));
});

test('a device is powered on once at a time; pulling the plug turns it off', async (t) => {
  const folder = await manufactured(t);
  const device = powerOn(t, folder);
  await device.next('ready');
  const other = powerOn(t, folder);
  t.is(await other.exit, 1);
  t.like(other.lines, { 0: { ok: false, code: 'device-already-on' }, length: 1 });
  device.pullPlug();
  t.is(await device.exit, 0);
});

test('of two that power a device on at the same moment, one gets it', async (t) => {
  const folder = await manufactured(t);
  const devices = [powerOn(t, folder), powerOn(t, folder)];
  const outcomes = await Promise.all(
    devices.map((device) => Promise.race([device.next('ready').then(() => 'ready'), device.exit])),
  );
  t.deepEqual(outcomes.toSorted(), [1, 'ready']);
  const refused = devices[outcomes.indexOf(1)];
  t.like(refused?.lines, { 0: { ok: false, code: 'device-already-on' }, length: 1 });
});

test('a device that is switched off in the middle of its boot is off, and refused nothing', async (t) => {
  const folder = await manufactured(t);
  const device = powerOn(t, folder);
  await device.next('boot');
  device.kill('SIGTERM');
  t.is(await device.exit, 0);
  t.false(device.lines.some(({ ok }) => ok === false));
});

test('a power switch that is turned again and again turns the device off once', async (t) => {
  const folder = await manufactured(t);
  const device = powerOn(t, folder);
  await device.next('ready');
  device.kill('SIGTERM');
  while (existsSync(join(folder, 'service.addr'))) await sleep(1);
  device.kill('SIGTERM');
  device.kill('SIGINT');
  device.pullPlug();
  t.is(await device.exit, 0);
  t.false(existsSync(join(folder, 'world.addr')), 'the world had its time to clear up');
});

test('a device that lost its power in the middle is powered on again', async (t) => {
  const folder = await manufactured(t);
  const device = powerOn(t, folder);
  await device.next('ready');
  device.kill('SIGKILL');
  await device.exit;
  await powerOn(t, folder).next('ready');
  t.true((await greeting(cable(folder))).includes('mt3620_rdb'));
});

test('a folder whose path is too long for a socket tells the address where it is', async (t) => {
  const folder = await manufactured(t, { under: `${'long/'.repeat(30)}device` });
  const device = powerOn(t, folder);
  await device.next('ready');
  t.true((await greeting(cable(folder))).includes('mt3620_rdb'));
  device.kill('SIGTERM');
  t.is(await device.exit, 0);
});

test('a changed byte in a stage ends the process with exit code 3 and the code', async (t) => {
  const folder = await manufactured(t);
  const device = openDeviceFolder(folder);
  const at = FLASH_PART.monitor.offset + 4096;
  const block = device.flash.read(at, 4096);
  block[7] = (block[7] ?? 0) ^ 0x20;
  device.flash.eraseBlock(at);
  device.flash.program(at, block);
  device.close();
  const refused = powerOn(t, folder);
  t.is(await refused.exit, 3);
  t.like(refused.lines.at(-1), { boot: 'monitor', ok: false, code: 'stage-image-invalid' });
});

test('an OS that ends resets the device, and one that ends over and over turns it off', async (t) => {
  const folder = await manufactured(t, { os: `process.stderr.write('out of order'); process.exitCode = 9;` });
  const device = powerOn(t, folder);
  t.like(await device.next('reset'), { reset: 'os-ended', detail: 'out of order' });
  t.is(await device.exit, 3);
  t.like(device.lines.at(-1), { boot: 'os', ok: false, code: 'reset-loop' });
});

test('wrong usage is exit code 2', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'no-such-device');
  for (const args of [['--seed', 'x'], ['--board', 'none'], ['--seed'], ['--seed', '4294967296'], ['more']]) {
    t.is(await powerOn(t, folder, ...args).exit, 2, args.join(' '));
  }
  t.false(existsSync(folder), 'nothing was made');
});
