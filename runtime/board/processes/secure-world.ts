// The secure-world process: powers on the device in a folder and is its secure world until power off. Parent of all its processes.
//
//   secure-world.ts DIR [--board NAME] [--seed N] [--virtual-time] [--placement worker|thread] [--app-memory BYTES]
// With `--app-memory` the board gives an app so many bytes instead of its own limit. With a placement, apps of one signer share a process: whoever turns the switch accepts that they share their grants.
// Virtual time stands at 0 until a bench lets it run (contracts/wire/world-link.ts).
// Standard output is the boot console (runtime/adapters/boot-console.ts). The end of standard input, SIGTERM and SIGINT are the
// power switch. Exit code: 0 off, 1 cannot be powered on, 2 wrong usage, 3 the boot was refused.

import process from 'node:process';
import type { GroupPlacement } from '../../../contracts/core/group-frame.ts';
import { GROUP_PLACEMENTS } from '../../../contracts/core/group-frame.ts';
import { jsonConsole } from '../../adapters/boot-console.ts';
import { powerOnClock } from '../../adapters/host-clock.ts';
import { ensureFolder, inFolder, removeFile, writeNote } from '../../adapters/folder.ts';
import { takePowerLock } from '../../adapters/power-lock.ts';
import { openServiceSocket } from '../../adapters/service-socket.ts';
import { placeSocket } from '../../adapters/socket-place.ts';
import { hostWalls } from '../../adapters/walls/host-walls.ts';
import { startWorld } from '../../adapters/world-process.ts';
import type { BoardDescription } from '../board-description.ts';
import { DEFAULT_BOARD, boardNames, boardOf, withGroups } from '../boards.ts';
import { DEVICE_FILES, openDeviceFolder } from '../device-folder.ts';
import { encodeIsolationRecord } from '../isolation-record.ts';
import { PoweredDevice } from '../powered-device.ts';
import { LentClock } from '../../soc/lent-clock.ts';

const EXIT = { off: 0, failed: 1, usage: 2, bootRefused: 3 } as const;
const VIRTUAL_TIME = '--virtual-time';
const USAGE = `usage: secure-world.ts DIR [--board ${boardNames().join('|')}] [--seed N] [--virtual-time] [--placement worker|thread] [--app-memory BYTES]\n`;

interface Options {
  readonly folder: string;
  readonly board: BoardDescription;
  readonly seed: number | undefined;
  readonly groups: GroupPlacement | undefined;
  readonly appMemoryBytes: number | undefined;
  readonly isTimeVirtual: boolean;
}

async function powerOn({
  folder: path,
  board: own,
  seed,
  groups,
  appMemoryBytes,
  isTimeVirtual,
}: Options): Promise<void> {
  const known = appMemoryBytes === undefined ? own : { ...own, appMemoryLimitBytes: appMemoryBytes };
  const board = groups === undefined ? known : withGroups(known, groups);
  const { clock: hostClock, poweredOnAtNs } = powerOnClock();
  const steppedClock = isTimeVirtual ? new LentClock() : undefined;
  const clock = steppedClock ?? hostClock;
  const console = jsonConsole(clock, (line) => void process.stdout.write(line));
  ensureFolder(path);
  // Two secure worlds on one flash would destroy each other's state record.
  const powerLock = takePowerLock(inFolder(path, DEVICE_FILES.powerLock));
  if (powerLock === undefined) {
    console.step({ ok: false, stage: 'rom', code: 'device-already-on', detail: `the device in ${path} is powered on` });
    process.exit(EXIT.failed);
  }
  const folder = openDeviceFolder(path, seed === undefined ? {} : { seed });
  const place = placeSocket(path, DEVICE_FILES.serviceSocket, DEVICE_FILES.serviceAddress);
  // Beside this file, and in the same form: TypeScript in a checkout, JavaScript in an installed package.
  const world = startWorld(new URL(`./world${import.meta.url.slice(-3)}`, import.meta.url), {
    folder: path,
    board: board.name,
    poweredOnAtNs: String(poweredOnAtNs),
    isTimeVirtual,
  });
  steppedClock?.onReached((atNs) => world.reached(atNs));
  if (steppedClock !== undefined) world.onLent((limitNs) => steppedClock.lend(limitNs));
  const cable = await openServiceSocket(place.path);
  const isolation = inFolder(path, DEVICE_FILES.isolation);
  let isOff = false;
  const off = (exitCode: number): void => {
    // A plug that is pulled while the switch is being turned, or a second signal: the world gets its time to clear up.
    if (isOff) return;
    isOff = true;
    device.close();
    cable.close();
    place.clear();
    removeFile(isolation);
    folder.close();
    void world.close().then(() => {
      powerLock.release();
      process.exit(exitCode);
    });
  };
  const device = new PoweredDevice({
    folder,
    board,
    clock,
    ...(steppedClock && { steppedClock }),
    console,
    cable,
    world,
    onStopped: () => off(EXIT.bootRefused),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => off(EXIT.off));
  process.stdin.resume().once('end', () => off(EXIT.off));
  process.stdout.once('error', () => off(EXIT.off));
  writeNote(isolation, encodeIsolationRecord(hostWalls().reports));
  place.announce();
  await device.boot();
}

function parse(args: readonly string[]): Options | undefined {
  const [folder, ...rest] = args;
  if (folder === undefined || folder.startsWith('-')) return undefined;
  const pairs = rest.filter((word) => word !== VIRTUAL_TIME);
  let options: Options = {
    folder,
    board: DEFAULT_BOARD,
    seed: undefined,
    groups: undefined,
    appMemoryBytes: undefined,
    isTimeVirtual: pairs.length < rest.length,
  };
  for (let index = 0; index < pairs.length; index += 2) {
    const value = pairs[index + 1] ?? '';
    const board = pairs[index] === '--board' ? boardOf(value) : undefined;
    const groups = GROUP_PLACEMENTS.find((placement) => pairs[index] === '--placement' && placement === value);
    const seed = pairs[index] === '--seed' && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
    if (board !== undefined) options = { ...options, board };
    else if (pairs[index] === '--app-memory' && /^[1-9]\d{0,9}$/.test(value))
      options = { ...options, appMemoryBytes: Number(value) };
    else if (groups !== undefined) options = { ...options, groups };
    else if (seed !== undefined && seed <= 0xffff_ffff) options = { ...options, seed };
    else return undefined;
  }
  return options;
}

const options = parse(process.argv.slice(2));
if (options === undefined) {
  process.stderr.write(USAGE);
  process.exit(EXIT.usage);
}
await powerOn(options);
