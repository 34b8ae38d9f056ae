// `casemate device claim`, `attest`, `service`, `certificate`: a device and the service that it belongs to. The device attests; who
// judges what it says is the service.

import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DeviceCertificate, ServiceStatus } from '../../../contracts/wire/device-link.ts';
import { endorsementFile, prepareProfile } from '../../factory/profile.ts';
import type { DeviceChoice } from '../attached.ts';
import { stateFolder, withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { deviceLeaf, withServiceScope } from '../device-command.ts';
import { writeOutput } from '../files.ts';
import { CliError } from '../outcome.ts';
import { portOf } from '../port.ts';
import { attestAttached, claimAttached, requireAttested } from '../service/claim-device.ts';
import { ungrouped } from '../service/fleet.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf } from '../service/service-command.ts';
import { deviceApiOf } from '../service/service-record.ts';
import { table } from '../table.ts';

type Device = DeviceChoice & ServiceChoice;
interface ClaimChoice extends Device {
  readonly catalog: string;
  readonly product?: string;
  readonly deviceGroup?: string;
}
interface CertificateChoice extends DeviceChoice {
  readonly purpose: string;
  readonly chain?: boolean;
  readonly output?: string;
}

const PURPOSES: readonly string[] = ['customer', 'update'] satisfies readonly DeviceCertificate['purpose'][];

export function registerDeviceService(device: Command, context: CommandContext): void {
  registerClaim(device, context);
  registerService(device, context);
  registerCertificate(device, context);
}

function registerClaim(device: Command, { outcome, cwd }: CommandContext): void {
  withServiceScope(
    deviceLeaf(
      device,
      'claim',
      'Claims the attached device into a catalog, for good, tells it where the service is, and has it attest.',
    ),
  )
    .requiredOption('-c, --catalog <name>', 'catalog')
    .option('-p, --product <name>', 'product, together with --device-group')
    .option('-d, --device-group <name>', 'device group of the product')
    .addHelpText(
      'after',
      '\nExample:\n  npx casemate device claim --catalog Plant --product "Lamp 1" --device-group Development',
    )
    .action((choice: ClaimChoice) =>
      withDevice(cwd, choice, async (client) => {
        const place = placeOf(choice);
        const state = stateFolder(cwd, choice);
        const fleet = await fleetOf(cwd, choice);
        outcome.progress('claiming');
        const endorsement = async (): Promise<Uint8Array> => endorsementFile(await prepareProfile(state));
        const deviceId = await claimAttached(fleet, { place, endorsement }, client);
        outcome.progress('attesting');
        const status = await attestAttached(client, await deviceApiOf(state));
        outcome.result({ deviceId, ...place, status }, () =>
          table(undefined, [['device id', deviceId], ['catalog', choice.catalog], ...statusFacts(status)]),
        );
      }),
    );

  deviceLeaf(device, 'attest', 'Has the device attest now, and shows what came of it.')
    .addHelpText('after', '\nExample:\n  npx casemate device attest')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const status = requireAttested(await client.attest());
        outcome.result(status, () => table(undefined, statusFacts(status)));
      }),
    );
}

function placeOf({ catalog, product, deviceGroup }: ClaimChoice): GroupPlace {
  if (product === undefined && deviceGroup === undefined) return ungrouped(catalog);
  if (product !== undefined && deviceGroup !== undefined) return { catalog, product, deviceGroup };
  throw new CliError('usage', 'give both --product and --device-group, or neither', {
    fault: 'caller',
    hint: 'npx casemate device-group list --catalog NAME --product NAME shows the groups of a product',
  });
}

function registerService(device: Command, { outcome, cwd }: CommandContext): void {
  const service = device.command('service').description('The service that the device reports to.');
  deviceLeaf(service, 'show', 'Shows where the device looks for its service, and how it stands with it.')
    .addHelpText('after', '\nExample:\n  npx casemate device service show')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const status = await client.serviceStatus();
        outcome.result(status, () => table(undefined, statusFacts(status)));
      }),
    );
  deviceLeaf(
    service,
    'configure',
    'Tells the device where its service is. Whom it believes is fixed in its keystore: another service is refused there.',
  )
    .requiredOption('--host <name>', 'host name or address')
    .requiredOption('--port <n>', 'port of the device API')
    .addHelpText('after', '\nExample:\n  npx casemate device service configure --host localhost --port 4301')
    .action((choice: DeviceChoice & { readonly host: string; readonly port: string }) =>
      withDevice(cwd, choice, async (client) => {
        await client.configureService(choice.host, portOf(choice.port));
        const status = await client.serviceStatus();
        outcome.result(status, () => table(undefined, statusFacts(status)));
      }),
    );
}

function statusFacts(status: ServiceStatus): readonly (readonly string[])[] {
  const { service, lastError } = status;
  const error =
    lastError === null
      ? []
      : [
          [
            'last error',
            `${lastError.code}${lastError.claim === null ? '' : ` (${lastError.claim})`}: ${lastError.message}`,
          ],
        ];
  return [
    ['state', status.state],
    ['service', service === null ? 'not configured' : `${service.host}:${service.port}`],
    ['catalog id', status.catalogId ?? 'unclaimed'],
    ['trusted time', status.trustedTime ?? 'not told since power-on'],
    ...status.certificates.map(({ purpose, notAfter }) => [`${purpose} certificate`, `until ${notAfter}`]),
    ...error,
    ...(status.nextAttemptInSeconds === null ? [] : [['next attempt', `in ${status.nextAttemptInSeconds} s`]]),
  ];
}

function registerCertificate(device: Command, { outcome, cwd }: CommandContext): void {
  const certificate = device
    .command('certificate')
    .description('The certificates that the device got for attesting; they live for a day at most.');
  deviceLeaf(certificate, 'list', 'Lists them.')
    .addHelpText('after', '\nExample:\n  npx casemate device certificate list')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const { certificates } = await client.serviceStatus();
        outcome.result({ certificates }, () =>
          table(
            ['PURPOSE', 'SERIAL', 'NOT AFTER', 'ISSUER'],
            certificates.map((each) => [each.purpose, each.serial, each.notAfter, issuerOf(each)]),
          ),
        );
      }),
    );
  deviceLeaf(certificate, 'show', 'Shows one, or with --chain its PEM and that of its CAs up to the root.')
    .option('--purpose <purpose>', 'customer, for clouds of your own, or update, for the service alone', 'customer')
    .option('--chain', 'print the chain in PEM')
    .option('-o, --output <file>', 'write the chain in PEM to this file')
    .addHelpText('after', '\nExample:\n  npx casemate device certificate show --output device-chain.pem')
    .action((choice: CertificateChoice) =>
      withDevice(cwd, choice, async (client) => {
        const shown = certificateOf(await client.serviceStatus(), choice.purpose);
        const file = choice.output === undefined ? undefined : resolve(cwd, choice.output);
        if (file !== undefined) await writeOutput(file, new TextEncoder().encode(shown.chain));
        outcome.result(file === undefined ? shown : { ...shown, file }, () =>
          choice.chain === true
            ? shown.chain.trimEnd()
            : table(undefined, [
                ['purpose', shown.purpose],
                ['serial', shown.serial],
                ['subject', shown.subject],
                ['subject alternative name', shown.subjectAltName],
                ['issuer', issuerOf(shown)],
                ['valid', `${shown.notBefore} to ${shown.notAfter}`],
                ...(file === undefined ? [] : [['chain', file]]),
              ]),
        );
      }),
    );
}

function certificateOf({ certificates, state }: ServiceStatus, purpose: string): DeviceCertificate {
  if (!PURPOSES.includes(purpose)) {
    throw new CliError('usage', `"${purpose}" is no purpose of a certificate`, {
      fault: 'caller',
      hint: `One of ${PURPOSES.join(', ')}.`,
    });
  }
  const found = certificates.find((each) => each.purpose === purpose);
  if (found !== undefined) return found;
  throw new CliError('device-not-attested', `the device has no ${purpose} certificate: it is ${state}`, {
    fault: 'world',
    hint: 'npx casemate device attest gets one',
    details: { state },
  });
}

/** As the certificate says it, on one line. The device told the chain: it may be no certificate at all. */
function issuerOf({ chain }: DeviceCertificate): string {
  try {
    return new X509Certificate(chain).issuer.replaceAll('\n', ', ');
  } catch (cause) {
    throw new CliError('device-answer-malformed', 'what the device gave as a certificate is none', {
      fault: 'peer',
      cause,
    });
  }
}
