// `casemate catalog`, `product`, `device-group`: the service's resources, under az sphere's names. Never decides anything: the
// service refuses, under its own codes.

import type { Command } from 'commander';
import { Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { propertiesOf } from '../service/fleet.ts';
import type { ResourcePaths } from '../service/resource-paths.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, withServiceOptions } from '../service/service-command.ts';
import { table } from '../table.ts';
import { registerCatalogExtras } from './catalog-extras.ts';

interface Choice extends ServiceChoice {
  readonly name?: string;
  readonly catalog?: string;
  readonly product?: string;
  readonly publisherSignature?: string;
  readonly description?: string;
  readonly osFeed?: string;
  readonly applicationUpdate?: string;
  readonly allowCrashDumpsCollection?: string;
  readonly regionalDataBoundary?: string;
}

/** One kind of resource: how its commands are made. */
interface Kind {
  readonly command: string;
  readonly word: string;
  /** The options that say what it is in. */
  readonly parents: readonly ('catalog' | 'product')[];
  readonly example: string;
  /** The path of all of them, or of the one with this name. */
  path(paths: ResourcePaths, choice: Choice, name?: string): string;
  body(choice: Choice): object;
  readonly createOptions: readonly Option[];
  readonly columns: Readonly<Record<string, (resource: Resource) => unknown>>;
}

const NAME = { NAME: ({ name }: Resource) => name };
const KINDS: readonly Kind[] = [
  {
    command: 'catalog',
    word: 'catalog',
    parents: [],
    example: '--name Plant',
    path: (paths, _, name) => (name === undefined ? paths.catalogs : paths.catalog(name)),
    body: ({ publisherSignature }) => ({
      location: 'global',
      ...(publisherSignature === undefined ? {} : { properties: { publisherSignature } }),
    }),
    createOptions: [
      new Option(
        '--publisher-signature <policy>',
        'whether devices take only apps that a publisher key of the catalog signed (default: Required)',
      ).choices(['Required', 'NotRequired']),
    ],
    columns: {
      ...NAME,
      ID: (resource) => propertiesOf(resource)['tenantId'],
      'PUBLISHER SIGNATURE': (resource) => propertiesOf(resource)['publisherSignature'],
    },
  },
  {
    command: 'product',
    word: 'product',
    parents: ['catalog'],
    example: '--catalog Plant --name "Lamp 1"',
    path: (paths, { catalog = '' }, name) => paths.products(catalog, name),
    body: ({ description }) => ({ properties: given({ description }) }),
    createOptions: [new Option('--description <text>', 'what it is')],
    columns: { ...NAME, DESCRIPTION: (resource) => propertiesOf(resource)['description'] },
  },
  {
    command: 'device-group',
    word: 'device group',
    parents: ['catalog', 'product'],
    example: '--catalog Plant --product "Lamp 1" --name "Field Test"',
    path: (paths, { catalog = '', product = '' }, name) => paths.deviceGroups(catalog, product, name),
    body: ({ description, osFeed, applicationUpdate, allowCrashDumpsCollection, regionalDataBoundary }) => ({
      properties: given({
        description,
        osFeedType: osFeed,
        updatePolicy: applicationUpdate,
        allowCrashDumpsCollection,
        regionalDataBoundary,
      }),
    }),
    createOptions: [
      new Option('--description <text>', 'what it is'),
      new Option('--os-feed <feed>', 'RetailEval: the next OS before its release').choices(['Retail', 'RetailEval']),
      new Option('--application-update <policy>', 'No3rdPartyAppUpdates: the OS alone').choices([
        'UpdateAll',
        'No3rdPartyAppUpdates',
      ]),
      new Option('--allow-crash-dumps-collection <choice>', 'kept, and without effect').choices([
        'Enabled',
        'Disabled',
      ]),
      new Option('--regional-data-boundary <region>', 'kept, and without effect').choices(['None', 'EU']),
    ],
    columns: {
      ...NAME,
      'OS FEED': (resource) => propertiesOf(resource)['osFeedType'],
      UPDATES: (resource) => propertiesOf(resource)['updatePolicy'],
      DESCRIPTION: (resource) => propertiesOf(resource)['description'],
    },
  },
];

export function registerFleet(root: Command, context: CommandContext): void {
  for (const kind of KINDS) {
    const parent = root.command(kind.command).description(`The service’s resources: ${kind.word}s.`);
    registerVerb(parent, context, kind, 'create', `Makes a ${kind.word}, or changes the one of that name.`);
    registerVerb(parent, context, kind, 'list', `Lists the ${kind.word}s.`);
    registerVerb(parent, context, kind, 'show', `Shows one ${kind.word}.`);
    registerVerb(parent, context, kind, 'delete', `Deletes a ${kind.word}; refused while there are devices in it.`);
    if (kind.command === 'catalog') registerCatalogExtras(parent, context);
  }
}

type Verb = 'create' | 'list' | 'show' | 'delete';

function registerVerb(parent: Command, { outcome, cwd }: CommandContext, kind: Kind, verb: Verb, says: string): void {
  const command = parent.command(verb).description(says);
  if (verb !== 'list') command.requiredOption('-n, --name <name>', `name of the ${kind.word}`);
  for (const above of kind.parents) command.requiredOption(`-${above[0]}, --${above} <name>`, `${above} that it is in`);
  if (verb === 'create') for (const option of kind.createOptions) command.addOption(option);
  const example = verb === 'list' ? kind.example.replace(/ ?--name .*$/, '') : kind.example;
  withServiceOptions(command)
    .addHelpText('after', `\nExample:\n  npx casemate ${kind.command} ${verb} ${example}`.trimEnd())
    .action(async (choice: Choice) => {
      const { client, paths } = await fleetOf(cwd, choice);
      if (verb === 'list') {
        const items = await client.list(kind.path(paths, choice));
        outcome.result({ value: items }, () => tableOf(kind, items));
        return;
      }
      const path = kind.path(paths, choice, choice.name ?? '');
      if (verb === 'delete') {
        // The service answers alike whether it was there or not; a person who mistyped wants to know.
        await client.ask('GET', path);
        await client.ask('DELETE', path);
        outcome.result({ deleted: choice.name }, () => `deleted the ${kind.word} ${choice.name ?? ''}`);
        return;
      }
      const shown =
        (await client.ask(
          verb === 'create' ? 'PUT' : 'GET',
          path,
          verb === 'create' ? kind.body(choice) : undefined,
        )) ?? {};
      outcome.result(shown, () => tableOf(kind, [shown]));
    });
}

function tableOf({ columns }: Kind, items: readonly Resource[]): string {
  const cells = Object.values(columns);
  return table(
    Object.keys(columns),
    items.map((item) => cells.map((cell) => plain(cell(item)))),
  );
}

/** `table` shows it without what could steer the terminal: the answer may come from any service that --service names. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function given(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
