// `casemate build`: sources to a signed image package. Never packages what the device would refuse.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BuildResult } from '../../build/build-app.ts';
import { buildApp } from '../../build/build-app.ts';
import type { DeviceChoice } from '../attached.ts';
import { stateFolder } from '../attached.ts';
import { parseComponentId } from '../../../contracts/core/ids.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import type { CommandContext } from '../command-context.ts';
import { writeOutput } from '../files.ts';
import { developmentKeyOf } from '../development-key.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf } from '../service/service-command.ts';
import { withServiceScope } from '../device-command.ts';
import { table } from '../table.ts';

interface Choice extends DeviceChoice, ServiceChoice {
  readonly state: string;
  readonly catalog?: string;
  readonly output?: string;
  readonly hardware?: string;
}

export function registerBuild(root: Command, { outcome, cwd }: CommandContext): void {
  withServiceScope(root.command('build'))
    .description(
      'Builds an app folder: sources → component → image package, signed with the development key of the state folder.',
    )
    .option(
      '-c, --catalog <name>',
      'catalog whose devices it is for, by name (the service is asked) or id; without it the package can only be sideloaded',
    )
    .argument('[dir]', 'app folder', '.')
    .option('-o, --output <file>', 'where the package goes (default: NAME.imagepackage here)')
    .option('--hardware <name>', 'board name or hardware definition, instead of what casemate.json says')
    .option('--state <dir>', 'state folder', '.casemate')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate build apps/blink -o blink.imagepackage --catalog Plant')
    .action(async (dir: string, choice: Choice) => {
      const catalogId = choice.catalog === undefined ? undefined : await catalogIdOf(cwd, choice, choice.catalog);
      const built = await buildApp({ folder: resolve(cwd, dir), hardware: choice.hardware, catalogId });
      const key = await developmentKeyOf(stateFolder(cwd, choice));
      const file = resolve(cwd, choice.output ?? `${fileName(built.name)}.imagepackage`);
      await writeOutput(file, key.signImage(built.image));
      outcome.result({ file, ...summary(built) }, () => describe(file, built));
    });
}

async function catalogIdOf(cwd: string, choice: ServiceChoice, catalog: string): Promise<ComponentId> {
  return parseComponentId(catalog) ?? (await fleetOf(cwd, choice)).catalogId(catalog);
}

/** A manifest's name as a file name: nothing that a shell or a file system minds. */
function fileName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^[.-]/, '_');
}

const TOLD = [
  'name',
  'componentId',
  'imageId',
  'catalogId',
  'version',
  'rollbackIndex',
  'language',
  'hardware',
  'imports',
  'capabilities',
  'gpioPins',
  'sizes',
  'warnings',
] as const satisfies readonly (keyof BuildResult)[];

/** All but the bytes; what is not there is `null`. */
function summary(built: BuildResult): object {
  return Object.fromEntries(TOLD.map((name) => [name, built[name] ?? null]));
}

function describe(file: string, built: BuildResult): string {
  const { sizes } = built;
  const facts = [
    ['package', file],
    ['component id', built.componentId],
    ['image id', built.imageId],
    ['catalog id', built.catalogId ?? 'none: to sideload alone'],
    ['version', `${built.version}, rollback index ${built.rollbackIndex}`],
    ['built for', `${built.hardware}, in ${built.language}`],
    ['sizes', `package ${sizes.image}, component ${sizes.component}, files ${sizes.files} bytes`],
    ['memory', `${sizes.memoryInitial} of ${sizes.memoryLimit} bytes at start`],
    ['imports', built.imports.join(', ') || 'none'],
    [
      'manifest lines in use',
      built.capabilities
        .map((each) => (each === 'Gpio' ? `"Gpio": [${built.gpioPins.join(', ')}]` : each))
        .join(', ') || 'none',
    ],
  ];
  return [table(undefined, facts), ...built.warnings.map((warning) => `warning: ${warning}`)].join('\n');
}
