// `casemate catalog publisher-key` and `download-error-report`: what a catalog has beside products. Never the private half of a key.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { stateFolder } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { namedKey } from '../development-key.ts';
import { writeOutput } from '../files.ts';
import { propertiesOf, stringOf } from '../service/fleet.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, serviceLeaf } from '../service/service-command.ts';
import { table } from '../table.ts';

interface Choice extends ServiceChoice {
  readonly catalog: string;
}
interface AddChoice extends Choice {
  readonly name?: string;
  readonly key: string;
}

/** Columns of Azure Sphere's error report. */
const REPORT_COLUMNS = [
  'deviceId',
  'eventCategory',
  'eventClass',
  'eventType',
  'eventCount',
  'startTimestampUtc',
  'endTimestampUtc',
  'description',
] as const;
const DEVICE_ID_SHOWN = 16;

export function registerCatalogExtras(catalog: Command, { outcome, cwd }: CommandContext): void {
  const publisherKey = catalog
    .command('publisher-key')
    .description(
      'The key whose signature the apps of a catalog need beside the service’s. Its private half stays here.',
    );
  leaf(
    publisherKey,
    'add',
    'Registers the public half of a key of the state folder. Devices that are claimed are bound to it for good.',
    'catalog publisher-key add --catalog Plant --key development',
  )
    .option('--key <name>', 'key of the state folder', 'development')
    .option('-n, --name <name>', 'what the service calls it (default: as the key)')
    .action(async (choice: AddChoice) => {
      const { publicKey } = await namedKey(stateFolder(cwd, choice), choice.key);
      const fleet = await fleetOf(cwd, choice);
      const added = await fleet.addPublisherKey(choice.catalog, choice.name ?? choice.key, publicKey);
      outcome.result(added, () => keyTable([added]));
    });
  leaf(publisherKey, 'list', 'Lists the keys.', 'catalog publisher-key list --catalog Plant').action(
    async (choice: Choice) => {
      const value = await (await fleetOf(cwd, choice)).publisherKeys(choice.catalog);
      outcome.result({ value }, () => keyTable(value));
    },
  );
  leaf(
    catalog,
    'download-error-report',
    'Shows what devices reported: crashes, exits, updates, refused updates.',
    'catalog download-error-report --catalog Plant --output report.json',
  )
    .option('-o, --output <file>', 'write it to this file, as JSON')
    .action(async (choice: Choice & { readonly output?: string }) => {
      const value = await (await fleetOf(cwd, choice)).insights(choice.catalog);
      if (choice.output === undefined) {
        outcome.result({ value }, () => reportTable(value));
        return;
      }
      const file = resolve(cwd, choice.output);
      await writeOutput(file, new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`));
      outcome.result({ file, events: value.length }, () => `${value.length} events in ${file}`);
    });
}

function leaf(parent: Command, name: string, description: string, example: string): Command {
  return serviceLeaf(parent, name, description, example).requiredOption('-c, --catalog <name>', 'catalog');
}

function keyTable(keys: readonly Resource[]): string {
  return table(
    ['NAME', 'PUBLIC KEY'],
    keys.map((key) => [stringOf(key, 'name'), stringOf(propertiesOf(key), 'publicKey')]),
  );
}

function reportTable(events: readonly Resource[]): string {
  return table(
    ['DEVICE', 'CATEGORY', 'CLASS', 'TYPE', 'COUNT', 'START', 'END', 'DESCRIPTION'],
    events.map((event) =>
      REPORT_COLUMNS.map((name) => {
        const value = event[name];
        const shown = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
        return name === 'deviceId' ? shown.slice(0, DEVICE_ID_SHOWN) : shown;
      }),
    ),
  );
}
