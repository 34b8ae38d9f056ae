// What every command about an attached device has in common: which device, and how its answers are shown. Never asks it anything.

import type { Command } from 'commander';
import { parseComponentId } from '../../contracts/core/ids.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { AppMemoryStats, AppStatus, InstalledImage } from '../../contracts/wire/device-link.ts';
import { CliError } from './outcome.ts';
import { DEFAULT_SCOPE } from './service/resource-paths.ts';
import { table } from './table.ts';

/** A command about an attached device. */
export function deviceLeaf(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--state <dir>', 'state folder', '.casemate')
    .option('--device <name>', 'which device, when several are powered on')
    .option('--json', 'one JSON document');
}

/** One that asks the service too. */
export function withServiceScope(command: Command): Command {
  return command
    .option('-g, --resource-group <name>', 'resource group, a namespace of catalogs', DEFAULT_SCOPE.resourceGroup)
    .option('--subscription <id>', 'subscription, a namespace of resource groups', DEFAULT_SCOPE.subscription)
    .option('--service <url>', 'address of the service (default: the one that it left in its state folder)');
}

/** Errors: `usage`. */
export function componentIdOf(text: string): ComponentId {
  const id = parseComponentId(text);
  if (id === undefined)
    throw new CliError('usage', `"${text}" is no component id`, {
      fault: 'caller',
      hint: 'It is a GUID, the ComponentId of the app manifest.',
    });
  return id;
}

export function imageTable(images: readonly InstalledImage[]): string {
  return table(
    ['NAME', 'VERSION', 'COMPONENT', 'IMAGE', 'BYTES', 'TRUST'],
    images.map((image) => [
      image.name,
      image.version,
      image.componentId,
      image.imageId,
      String(image.sizeBytes),
      image.trust,
    ]),
  );
}

export function appTable(apps: readonly AppStatus[]): string {
  return table(
    ['NAME', 'STATE', 'PLACEMENT', 'RESTARTS', 'COMPONENT', 'LAST END'],
    apps.map((app) => [
      app.name,
      app.state,
      app.placement ?? '',
      String(app.restarts),
      app.componentId,
      app.lastEnd === null ? '' : `${app.lastEnd.reason} ${app.lastEnd.exitCode ?? ''} ${app.lastEnd.detail}`.trim(),
    ]),
  );
}

/** One line per app and resource; an app that does not run uses nothing. */
export function memoryTable(apps: readonly AppMemoryStats[]): string {
  return table(
    ['NAME', 'RESOURCE', 'USED', 'PEAK', 'LIMIT', 'UNIT'],
    apps.flatMap(({ name, resources }): string[][] => {
      if (resources.length === 0) return [[name, 'does not run', '', '', '', '']];
      return resources.map((each) => [
        name,
        each.resource,
        ...[each.used, each.peak, each.limit].map((value) => (value === null ? '' : String(value))),
        each.unit,
      ]);
    }),
  );
}
