import test from 'ava';
import type { ExecutionContext } from 'ava';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256ScalarFrom } from '../../contracts/core/p256.ts';
import { benchKeys, signedImage, stageParts } from '../../test/support/boot-bench.ts';
import type { BootStep, Machine } from '../hil/chip.ts';
import { boardOf, DEFAULT_BOARD } from './boards.ts';
import { openDeviceFolder, writeImagePart } from './device-folder.ts';
import { PoweredDevice } from './powered-device.ts';

/** The second stage of this device: hands the machine out, as a monitor that does not let go of it after its reset would hold it. */
const KEEPING_STAGE = `export default async ({ machine }) => (globalThis.takeMachine(machine), { ok: true });`;
const keys = benchKeys();

/** A device whose every boot ends with `takeMachine`. */
function bench(t: ExecutionContext) {
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
  const world = { ready: Promise.resolve(), chipDrives: () => undefined, onWorldDrives: () => undefined };
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

test('whoever holds the machine of a boot that is over can neither start a process, nor reset the next, nor report', async (t) => {
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
});
