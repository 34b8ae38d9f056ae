// `casemate ca-certificate …`: the CA of a catalog, whose certificates its devices show to clouds of the customer's own. Public parts
// alone: its key never leaves the service.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { writeOutput } from '../files.ts';
import type { Fleet } from '../service/fleet.ts';
import { bytes, propertiesOf, stringOf } from '../service/fleet.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, serviceLeaf } from '../service/service-command.ts';
import { table } from '../table.ts';

interface Choice extends ServiceChoice {
  readonly catalog: string;
}
interface FileChoice extends Choice {
  readonly name: string;
  readonly output: string;
}
type ProofChoice = FileChoice & { readonly verificationCode: string };

export function registerCaCertificate(root: Command, { outcome, cwd }: CommandContext): void {
  const certificate = root
    .command('ca-certificate')
    .description('The CA of a catalog: whoever trusts it, trusts the catalog’s attested devices.');
  leaf(certificate, 'list', 'Lists the CA certificates of a catalog.', '').action(async (choice: Choice) => {
    const { client, paths } = await fleetOf(cwd, choice);
    const value = await client.list(paths.inCatalog(choice.catalog, 'certificates'));
    outcome.result({ value }, () => certificateTable(value));
  });
  for (const [name, description, extension, read] of DOWNLOADS) {
    leaf(certificate, name, description, `--output catalog-ca.${extension}`)
      .option('-n, --name <serial>', 'serial number of the certificate', '.default')
      .requiredOption('-o, --output <file>', 'where it goes')
      .action(async (choice: FileChoice) => {
        const fleet = await fleetOf(cwd, choice);
        await save(choice, await read(fleet, fleet.paths.inCatalog(choice.catalog, 'certificates', choice.name)));
      });
  }
  leaf(
    certificate,
    'download-proof',
    'Downloads a certificate over a code of somebody else’s, by the key of the CA: it proves that the CA is yours.',
    '--verification-code 1A2B --output proof.pem',
  )
    .option('-n, --name <serial>', 'serial number of the certificate', '.default')
    .requiredOption('--verification-code <code>', 'the code')
    .requiredOption('-o, --output <file>', 'where it goes')
    .action(async (choice: ProofChoice) => {
      const { client, paths } = await fleetOf(cwd, choice);
      const path = paths.inCatalog(choice.catalog, 'certificates', choice.name);
      const body = { proofOfPossessionNonce: choice.verificationCode };
      const proof = (await client.ask('POST', `${path}/retrieveProofOfPossessionNonce`, body)) ?? {};
      await save(choice, pem(bytes(proof, 'certificate')));
    });

  async function save(choice: FileChoice, content: Uint8Array): Promise<void> {
    const file = resolve(cwd, choice.output);
    await writeOutput(file, content);
    outcome.result({ file }, () => `in ${file}`);
  }
}

type Download = readonly [
  name: string,
  description: string,
  extension: string,
  read: (fleet: Fleet, path: string) => Promise<Uint8Array>,
];

const DOWNLOADS: readonly Download[] = [
  [
    'download',
    'Downloads the certificate of the CA, in PEM.',
    'pem',
    async ({ client }, path) => pem(bytes(propertiesOf((await client.ask('GET', path)) ?? {}), 'certificate')),
  ],
  [
    'download-chain',
    'Downloads the CA and those above it up to the root, as PKCS#7 (.p7b).',
    'p7b',
    async ({ client }, path) => {
      return bytes((await client.ask('POST', `${path}/retrieveCertChain`)) ?? {}, 'certificateChain');
    },
  ],
];

function leaf(parent: Command, name: string, description: string, example: string): Command {
  const command = `ca-certificate ${name} --catalog Plant ${example}`.trimEnd();
  return serviceLeaf(parent, name, description, command).requiredOption('-c, --catalog <name>', 'catalog');
}

function pem(der: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  const text = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return new TextEncoder().encode(text);
}

function certificateTable(certificates: readonly Resource[]): string {
  return table(
    ['SERIAL', 'STATUS', 'SUBJECT', 'NOT AFTER'],
    certificates.map((each) => {
      const { status, subject, expiryUtc } = propertiesOf(each);
      return [stringOf(each, 'name'), status, subject, expiryUtc].map((cell) => (typeof cell === 'string' ? cell : ''));
    }),
  );
}
