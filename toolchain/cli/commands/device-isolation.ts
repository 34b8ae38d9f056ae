// `casemate device show-isolation`: which walls of this machine stand around the processes of a device that is on. It tells what the
// secure world noted when it tried them at power-on; it never tries them itself, as a user that the device may not be.

import { join } from 'node:path';
import type { Command } from 'commander';
import { DEVICE_FILES } from '../../../runtime/board/device-folder.ts';
import { decodeIsolationRecord } from '../../../runtime/board/isolation-record.ts';
import type { RecordedWall } from '../../../runtime/board/isolation-record.ts';
import type { DeviceChoice } from '../attached.ts';
import { withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { deviceLeaf } from '../device-command.ts';
import { readInput } from '../files.ts';
import { table } from '../table.ts';
import { terminalLine } from '../terminal-text.ts';

export function registerDeviceIsolation(device: Command, { outcome, cwd }: CommandContext): void {
  deviceLeaf(
    device,
    'show-isolation',
    'Shows which walls of this machine stand around the device’s processes, what each stops, and how to get those that do not stand.',
  )
    .addHelpText('after', '\nExample:\n  npx casemate device show-isolation')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (_client, folder) => {
        const record = await readInput(join(folder, DEVICE_FILES.isolation));
        const walls = decodeIsolationRecord(new TextDecoder().decode(record));
        outcome.result({ walls }, () => wallsText(walls));
      }),
    );
}

function wallsText(walls: readonly RecordedWall[]): string {
  const rows = walls.map(({ name, stands, stops }) => [name, stands ? 'stands' : 'MISSING', stops]);
  const missing = walls.filter(({ stands }) => !stands);
  const exceptions = walls.flatMap(({ name, except }) =>
    except === undefined ? [] : [`${name}: not around ${except}`],
  );
  const whole = table(['WALL', '', 'WHAT IT KEEPS A TAKEN-OVER PROCESS FROM'], rows);
  const shown = [whole, ...exceptions.map(terminalLine)].join('\n');
  if (missing.length === 0) return shown;
  return `${shown}\n\n${table(
    ['MISSING', 'WHY', 'HOW TO GET IT'],
    missing.map(({ name, reason, remedy }) => [name, reason, remedy]),
  )}`;
}
