// `casemate catalog`, `product`, `device-group`: the service's resources, under az sphere's names. Never decides anything: the
// service refuses, under its own codes.

import type { Command } from 'commander';
import { Option } from 'commander';
import { stateFolder } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import type { Resource } from '../service/service-client.ts';
import { ServiceClient } from '../service/service-client.ts';
import { serviceAccess } from '../service/service-record.ts';
import { table } from '../table.ts';

interface Choice {
  readonly state: string;
  readonly service?: string;
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly name?: string;
  readonly catalog?: string;
  readonly product?: string;
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
  /** The path of all of them, with its last slash. */
  path(choice: Choice): string;
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
    path: catalogs,
    body: () => ({ location: 'global' }),
    createOptions: [],
    columns: { ...NAME, ID: (resource) => properties(resource)['tenantId'] },
  },
  {
    command: 'product',
    word: 'product',
    parents: ['catalog'],
    example: '--catalog Plant --name "Lamp 1"',
    path: products,
    body: ({ description }) => ({ properties: given({ description }) }),
    createOptions: [new Option('--description <text>', 'what it is')],
    columns: { ...NAME, DESCRIPTION: (resource) => properties(resource)['description'] },
  },
  {
    command: 'device-group',
    word: 'device group',
    parents: ['catalog', 'product'],
    example: '--catalog Plant --product "Lamp 1" --name "Field Test"',
    path: (choice) => `${products(choice)}${name(choice.product)}/deviceGroups/`,
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
      new Option('--os-feed <feed>', 'Retail, or RetailEval for the next OS before its release'),
      new Option('--application-update <policy>', 'UpdateAll, or No3rdPartyAppUpdates for the OS alone'),
      new Option('--allow-crash-dumps-collection <choice>', 'Enabled or Disabled'),
      new Option('--regional-data-boundary <region>', 'None or EU'),
    ],
    columns: {
      ...NAME,
      'OS FEED': (resource) => properties(resource)['osFeedType'],
      UPDATES: (resource) => properties(resource)['updatePolicy'],
      DESCRIPTION: (resource) => properties(resource)['description'],
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
  }
}

type Verb = 'create' | 'list' | 'show' | 'delete';

function registerVerb(parent: Command, { outcome, cwd }: CommandContext, kind: Kind, verb: Verb, says: string): void {
  const command = parent.command(verb).description(says);
  if (verb !== 'list') command.requiredOption('-n, --name <name>', `name of the ${kind.word}`);
  for (const above of kind.parents) command.requiredOption(`--${above} <name>`, `${above} that it is in`);
  if (verb === 'create') for (const option of kind.createOptions) command.addOption(option);
  const example = verb === 'list' ? kind.example.replace(/ ?--name .*$/, '') : kind.example;
  command
    .option('-g, --resource-group <name>', 'resource group, a namespace of catalogs', 'casemate')
    .option(
      '--subscription <id>',
      'subscription, a namespace of resource groups',
      '00000000-0000-0000-0000-000000000000',
    )
    .option('--state <dir>', 'state folder of the service: its address and the operator’s certificate', '.casemate')
    .option('--service <url>', 'address of the service (default: the one that it left in its state folder)')
    .option('--json', 'one JSON document')
    .addHelpText('after', `\nExample:\n  npx casemate ${kind.command} ${verb} ${example}`.trimEnd())
    .action(async (choice: Choice) => {
      const client = new ServiceClient(await serviceAccess(stateFolder(cwd, choice), choice.service));
      if (verb === 'list') {
        const items = await client.list(kind.path(choice).slice(0, -1));
        outcome.result({ value: items }, () => tableOf(kind, items));
        return;
      }
      const path = `${kind.path(choice)}${name(choice.name)}`;
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

/** Without what could steer the terminal: the answer may come from any service that --service names. */
function plain(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, ' ') : '';
}

function catalogs({ subscription, resourceGroup }: Choice): string {
  const group = `/subscriptions/${name(subscription)}/resourceGroups/${name(resourceGroup)}`;
  return `${group}/providers/Microsoft.AzureSphere/catalogs/`;
}

function products(choice: Choice): string {
  return `${catalogs(choice)}${name(choice.catalog)}/products/`;
}

/** As one word of a path. `.` and `..` would be taken out of it by URL, and name something else. */
function name(text = ''): string {
  return text === '.' || text === '..' ? text.replaceAll('.', '%252E') : encodeURIComponent(text);
}

function given(values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function properties(resource: Resource): Resource {
  const value = resource['properties'];
  return typeof value === 'object' && value !== null ? (value as Resource) : {};
}
