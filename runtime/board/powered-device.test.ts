import test from 'ava';
import type { ExecutionContext } from 'ava';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256ScalarFrom } from '../../contracts/core/p256.ts';
import { benchKeys, signedImage, stageParts } from '../../test/support/boot-bench.ts';
import { relayEnd } from '../adapters/relay-end.ts';
import type { BootStep, Machine } from '../hil/chip.ts';
import { boardOf, DEFAULT_BOARD } from './boards.ts';
import type { WorldWires } from '../adapters/world-process.ts';
import { openDeviceFolder, writeImagePart } from './device-folder.ts';
import { PoweredDevice } from './powered-device.ts';

/** The second stage of this device: hands the machine out, as a monitor that does not let go of it after its reset would hold it. */
const KEEPING_STAGE = `export default async ({ machine }) => (globalThis.takeMachine(machine), { ok: true });`;
const keys = benchKeys();

/** A device whose every boot ends with `takeMachine`. */
function bench(t: ExecutionContext, plugInRadio: WorldWires['plugInRadio'] = () => Promise.resolve(undefined)) {
  const root = mkdtempSync(join(tmpdir(), 'casemate-test-'));
  const folder = openDeviceFolder(join(root, 'device'));
  const component = new TextEncoder().encode(KEEPING_STAGE);
  const pluton = signedImage({ ...stageParts(keys).plutonRuntime, component }, 'platform', keys.platform);
  writeImagePart(folder.flash, 'plutonRuntime', pluton);
  folder.programmer.writeIdentityKey(p256ScalarFrom(randomBytes(48)));
  folder.programmer.writePlatformKeyDigest(keys.platform.keyId);
  const machines: Machine[] = [];
  const steps: BootStep[] = [];
  let booted: () => void = () => undefined;
  Reflect.set(globalThis, 'takeMachine', (machine: Machine) => machines.push(machine));
  const board = boardOf(DEFAULT_BOARD.name) ?? DEFAULT_BOARD;
  const world = {
    ready: Promise.resolve(),
    chipDrives: () => undefined,
    onWorldDrives: () => undefined,
    reached: () => undefined,
    onLent: () => undefined,
    plugInRadio,
  };
  const device = new PoweredDevice({
    folder,
    board,
    clock: { nowNs: () => process.hrtime.bigint() },
    console: { step: (step) => void steps.push(step), ready: () => booted(), reset: () => undefined },
    cable: { plugInto: () => undefined, close: () => undefined },
    world: { ...world, close: () => Promise.resolve() },
    onStopped: () => t.fail('the device stopped'),
  });
  t.teardown(() => {
    device.close();
    folder.close();
    rmSync(root, { recursive: true });
  });
  const nextReady = () => new Promise<void>((resolve) => (booted = resolve));
  return { device, machines, steps, nextReady };
}

const program = { name: 'stray', code: new TextEncoder().encode('setInterval(() => {}, 1000)') };
const requested = { why: 'requested', detail: '' } as const;

test.serial(
  'whoever holds the machine of a boot that is over can neither start a process, nor reset the next, nor report',
  async (t) => {
    const { device, machines, steps, nextReady } = bench(t);
    await device.boot();
    const [old] = machines;
    const again = nextReady();
    old?.reset(requested);
    await again;
    t.is(machines.length, 2);
    const starts = [
      () => old?.launcher.startOs(program),
      () => old?.launcher.startCompartment(program, 1, new Uint8Array(0), { memoryPages: 1 }),
    ];
    for (const start of starts) t.is((t.throws(start) as { code?: string }).code, 'launch-failed');
    const told = steps.length;
    old?.reset(requested);
    old?.trace({ ok: false, stage: 'os', code: 'stray', detail: '' });
    t.is(steps.length, told, 'a boot begins with a step on the console');
    const third = nextReady();
    machines[1]?.reset(requested);
    await third;
    t.is(machines.length, 3, 'the boot that is on resets itself');
  },
);

/** An OS that sends back on its radio whatever comes in. */
const ECHO_CODE = "import { Socket } from 'node:net'; const radio = new Socket({ fd: 19 }); radio.pipe(radio);";
const ECHO = { name: 'os', code: new TextEncoder().encode(ECHO_CODE) };

test.serial('each boot has a radio link of its own, and none outlives its boot', async (t) => {
  const links: Duplex[] = [];
  const { device, machines, nextReady } = bench(t, () => {
    const [air, end] = duplexPair();
    links.push(air);
    return Promise.resolve(relayEnd(end));
  });
  await device.boot();
  machines[0]?.launcher.startOs(ECHO);
  const echoed = async (link: Duplex | undefined): Promise<string> => {
    link?.write('hello');
    return new Promise((resolve) => link?.once('data', (chunk: Buffer) => resolve(chunk.toString())));
  };
  t.is(await echoed(links[0]), 'hello');
  const ended = new Promise((resolve) => links[0]?.once('end', resolve));
  const again = nextReady();
  machines[0]?.reset(requested);
  await Promise.all([ended, again]);
  machines[1]?.launcher.startOs(ECHO);
  t.is(await echoed(links[1]), 'hello');
  t.is(links.length, 2);
});
