// The world process: what a board's pins are wired to, the access point of its radio, and the socket at which a bench presses
// and watches. Ends with the device.
//
//   world.ts '{"folder":DIR,"board":NAME,"poweredOnAtNs":"N","isTimeVirtual":BOOLEAN}'
// Descriptor 3: world frames both ways. In DIR: world.sock for benches and radio.sock for the device's radio, and in world.addr and
// radio.addr the paths under which they are really bound.
// Exit code: 0 the device is off, 2 wrong usage.

import process from 'node:process';
import type { PinFrame } from '../../../contracts/core/pin-frame.ts';
import type { WorldEvent } from '../../../contracts/wire/world-link.ts';
import { HostAlarmClock } from '../../adapters/os-clock.ts';
import { placeSocket } from '../../adapters/socket-place.ts';
import { hostUplink } from '../../adapters/host-uplink.ts';
import { BenchSocket } from '../../adapters/world-bench-socket.ts';
import { openWorldPins } from '../../adapters/world-pins.ts';
import type { WorldArguments } from '../../adapters/world-process.ts';
import { RadioSocket } from '../../adapters/world-radio-socket.ts';
import { AccessPoint } from '../../world/access-point.ts';
import { Bench } from '../../world/bench.ts';
import { World } from '../../world/world.ts';
import { WorldTime } from '../../world/world-time.ts';
import type { BoardDescription } from '../board-description.ts';
import { boardOf } from '../boards.ts';

const PINS_DESCRIPTOR = 3;
const EXIT_USAGE = 2;
const SOCKET = { name: 'world.sock', note: 'world.addr' } as const;
const RADIO_SOCKET = { name: 'radio.sock', note: 'radio.addr' } as const;

async function surround({ folder, poweredOnAtNs, isTimeVirtual }: Arguments, board: BoardDescription): Promise<void> {
  const place = placeSocket(folder, SOCKET.name, SOCKET.note);
  const radioPlace = placeSocket(folder, RADIO_SOCKET.name, RADIO_SOCKET.note);
  const benches = new BenchSocket();
  const radios = new RadioSocket();
  const end = (): void => {
    benches.close();
    radios.close();
    place.clear();
    radioPlace.clear();
    process.exit(0);
  };
  const pins = openWorldPins(PINS_DESCRIPTOR, end);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  const time = isTimeVirtual
    ? new WorldTime({
        lend: (limitNs) => pins.lend(limitNs),
        tell: (event) => tell(event),
        drained: () => benches.drained(),
      })
    : undefined;
  const clock = time ?? new HostAlarmClock(BigInt(poweredOnAtNs));
  const tell = (event: WorldEvent): void => benches.tell(event);
  const accessPoint = new AccessPoint({ uplink: hostUplink, clock, tell });
  const drive = (frame: PinFrame): void => pins.drive(frame);
  const world = new World({ parts: board.parts, clock, drive, tell, accessPoint, ...(time && { time }) });
  pins.onFrame((frame) => {
    if (frame.kind === 'pin') world.chipDrives(frame);
    else if (frame.from === 'chip') time?.reached(frame.atNs);
  });
  await radios.listen(radioPlace.path, (device) => accessPoint.connected(device));
  radioPlace.announce();
  // The bench comes last: its note says that the world is ready.
  await benches.listen(place.path, (answer) => new Bench(world, answer));
  place.announce();
}

type Arguments = Required<WorldArguments>;

/** From the secure world of the same checkout; a person who starts it by hand gets the usage. */
function parse(text: string | undefined): Arguments | undefined {
  const value: unknown = text?.startsWith('{') === true ? JSON.parse(text) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { folder, board, poweredOnAtNs, isTimeVirtual = false } = value as Readonly<Record<string, unknown>>;
  if (typeof folder !== 'string' || typeof board !== 'string' || typeof poweredOnAtNs !== 'string') return undefined;
  if (typeof isTimeVirtual !== 'boolean') return undefined;
  return /^\d{1,20}$/.test(poweredOnAtNs) ? { folder, board, poweredOnAtNs, isTimeVirtual } : undefined;
}

const parsed = parse(process.argv[2]);
const board = parsed === undefined ? undefined : boardOf(parsed.board);
if (parsed === undefined || board === undefined) {
  process.stderr.write('usage: world.ts \'{"folder":DIR,"board":NAME,"poweredOnAtNs":"N"}\'\n');
  process.exit(EXIT_USAGE);
}
await surround(parsed, board);
