// `casemate hardware resolve`: follows names through the import chain to the chip. Never guesses a pin.

import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { hardwareHeader } from '../../../contracts/wire/hardware-header.ts';
import { resolveHardware } from '../../../contracts/wire/hardware-resolution.ts';
import { inCheckout } from '../../factory/checkout.ts';
import type { CommandContext } from '../command-context.ts';
import { table } from '../table.ts';
import { readInput } from '../files.ts';

interface Choice {
  readonly search: readonly string[];
  readonly header?: boolean;
}

export function registerHardware(root: Command, { outcome, cwd }: CommandContext): void {
  const hardware = root.command('hardware').description('Hardware definitions: names of pins and controllers.');
  hardware
    .command('resolve')
    .description('Shows for every name the pin or controller that it stands for, through the import chain.')
    .argument('<file>', 'hardware definition')
    .option('--search <dir>', 'look for imports here too, before the definitions that come with casemate', collect, [])
    .option('--header', 'print the C header instead')
    .option('--json', 'one JSON document: {"file","ok","errors","peripherals"}')
    .addHelpText(
      'after',
      '\nExample:\n  npx casemate hardware resolve toolchain/sdk/hardware/mt3620_rdb/sample_appliance.json',
    )
    .action(async (file: string, choice: Choice) => {
      const path = resolve(cwd, file);
      const searchFolders = [
        ...choice.search.map((folder) => resolve(cwd, folder)),
        inCheckout('toolchain/sdk/hardware'),
      ];
      const verdict = resolveHardware({ file: path, bytes: await readInput(path) }, { readImport, searchFolders });
      if (!verdict.ok) {
        process.exitCode = 1;
        outcome.result({ file, ok: false, errors: verdict.errors, peripherals: [] }, () =>
          verdict.errors
            .map(
              ({ file: where, path: at, message, code, hint }) =>
                `refused ${where}: ${at}: ${message} [${code}]\n  ${hint}`,
            )
            .join('\n'),
        );
        return;
      }
      const peripherals = [...verdict.hardware.peripherals.values()];
      if (choice.header === true) {
        const header = hardwareHeader(verdict.hardware, basename(file, '.json'));
        outcome.result({ file, ok: true, errors: [], header }, () => header.trimEnd());
        return;
      }
      outcome.result({ file, ok: true, errors: [], peripherals }, () =>
        table(
          ['NAME', 'TYPE', 'VALUE', 'MANIFEST', 'THROUGH'],
          peripherals.map((each) => [
            each.name,
            each.type,
            String(each.headerValue),
            String(each.manifestValue ?? ''),
            each.through.join(' → '),
          ]),
        ),
      );
    });
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function readImport(path: string): Uint8Array | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path) : undefined;
}
