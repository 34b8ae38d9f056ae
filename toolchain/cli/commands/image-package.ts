// `casemate image-package`: look into a package, or add the publisher's signature. Never says that a device will take it.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { NO_CATALOG } from '../../../contracts/core/image.ts';
import type { Examined, ImageExamination, KnownKey } from '../../build/examine-image.ts';
import { examineImage } from '../../build/examine-image.ts';
import { AuthorityClient } from '../../factory/authority-client.ts';
import { STATE_PLACES } from '../../factory/profile.ts';
import { readSigningKey } from '../../factory/signing-key.ts';
import type { DeviceChoice } from '../attached.ts';
import { stateFolder } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { namedKey } from '../development-key.ts';
import { table } from '../table.ts';
import { readInput, writeOutput } from '../files.ts';

interface SignChoice extends DeviceChoice {
  readonly key: string;
  readonly output?: string;
}

export function registerImagePackage(root: Command, { outcome, cwd }: CommandContext): void {
  const imagePackage = root
    .command('image-package')
    .description('Image packages: what is in them and who signed them.');
  imagePackage
    .command('show')
    .description('Shows everything in a package, verified or not, and why.')
    .argument('<file>', 'image package')
    .option('--state <dir>', 'state folder, whose keys signatures are checked with', '.casemate')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate image-package show blink.imagepackage')
    .action(async (file: string, choice: DeviceChoice) => {
      const shown = examineImage(await readInput(resolve(cwd, file)), await knownKeys(stateFolder(cwd, choice)));
      outcome.result({ file, ...shown }, () => describe(shown));
    });

  imagePackage
    .command('sign')
    .description('Adds the publisher’s signature to a package, in place or to another file.')
    .argument('<file>', 'image package')
    .option('--key <name>', 'key of the state folder', 'development')
    .option('-o, --output <file>', 'where the signed package goes (default: the same file)')
    .option('--state <dir>', 'state folder', '.casemate')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate image-package sign blink.imagepackage --key development')
    .action(async (file: string, choice: SignChoice) => {
      const key = await namedKey(stateFolder(cwd, choice), choice.key);
      const signed = key.signImage(await readInput(resolve(cwd, file)));
      const output = resolve(cwd, choice.output ?? file);
      await writeOutput(output, signed);
      outcome.result({ file: output, keyId: Buffer.from(key.keyId).toString('hex') }, () => `signed ${output}`);
    });
}

/** The keys of the state folder, as far as they are there: a package can be looked at without any. */
async function knownKeys(state: string): Promise<readonly KnownKey[]> {
  const keys: KnownKey[] = [];
  const development = await ifThere(readSigningKey(join(state, STATE_PLACES.developmentKey)));
  if (development !== undefined) keys.push({ name: 'development', publicKey: development.publicKey });
  const authority = join(state, STATE_PLACES.authority);
  if (existsSync(authority)) {
    const { platformKey, serviceImageKey } = await new AuthorityClient(authority).init();
    keys.push({ name: 'platform', publicKey: platformKey }, { name: 'service', publicKey: serviceImageKey });
  }
  return keys;
}

async function ifThere<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function describe(image: ImageExamination): string {
  const facts = [
    ['kind', image.kind],
    ['component id', image.componentId],
    ['image id', image.imageId],
    ['catalog id', image.catalogId === NO_CATALOG ? 'none: to sideload alone' : image.catalogId],
    ['rollback index', String(image.rollbackIndex)],
    ['size', `${image.sizeBytes} bytes`],
    ...Object.entries(image.sections).map(([name, size]) => [`  ${name}`, `${size} bytes`]),
    ['metadata', of(image.metadata, ({ name, version }) => `${name} ${version}`)],
    [
      'grants',
      image.grants === undefined
        ? 'none'
        : `memory ${image.grants.memoryBytes} bytes, pins ${image.grants.gpioPins.join(', ') || 'none'}`,
    ],
    ['manifest = grants', of(image.grantsMatch, () => 'yes')],
    ['imports', of(image.imports, (imports) => imports.join(', ') || 'none')],
    [
      'files',
      of(image.files, (files) => files.map(({ path, sizeBytes }) => `${path} (${sizeBytes})`).join(', ') || 'none'),
    ],
    ...image.signatures.map(({ role, algorithm, keyId, verdict, keyName }) => [
      `signature of the ${role}`,
      `${verdict}${keyName === undefined ? '' : ` (${keyName} key)`}, ${algorithm}, key ${keyId.slice(0, 16)}…`,
    ]),
  ];
  if (image.signatures.length === 0) facts.push(['signatures', 'none']);
  return table(undefined, facts);
}

function of<Value>(examined: Examined<Value>, text: (value: Value) => string): string {
  return examined.ok ? text(examined.value) : `${examined.code}: ${examined.message}`;
}
