// `casemate device enable-development`, `enable-cloud-test`, `capability`: whose apps the device takes, the developer's or the
// service's. The device and the service decide, each by its own rules.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parseDeviceId } from '../../../contracts/core/ids.ts';
import type { DeviceClient } from '../../factory/device-client.ts';
import { developmentCapability, prepareProfile } from '../../factory/profile.ts';
import type { DeviceChoice } from '../attached.ts';
import { stateFolder, withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { deviceLeaf, withServiceScope } from '../device-command.ts';
import { readInput } from '../files.ts';
import { CliError } from '../outcome.ts';
import { moveToGroup } from '../service/device-groups.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf } from '../service/service-command.ts';
import { requireTaken, updateText } from '../update-text.ts';

interface GroupChoice extends DeviceChoice, ServiceChoice {
  readonly state: string;
  readonly catalog?: string;
  readonly product?: string;
  readonly deviceGroup: string;
}

export function registerDeviceRights(device: Command, context: CommandContext): void {
  registerModes(device, context);
  registerCapability(device, context);
}

function registerModes(device: Command, { outcome, cwd }: CommandContext): void {
  groupLeaf(
    device,
    'enable-development',
    'Lets apps of the developer’s key run: applies an appDevelopment capability for this one device. A claimed one goes to a group without updates of apps.',
    'Development',
  ).action((choice: GroupChoice) =>
    withDevice(cwd, choice, async (client) => {
      const profile = await prepareProfile(stateFolder(cwd, choice));
      const { deviceId } = await client.show();
      const id = parseDeviceId(deviceId);
      if (id === undefined) throw new CliError('internal', 'the device told a malformed id');
      const place = await moveIfClaimed(cwd, choice, client, deviceId);
      await client.applyCapability(await developmentCapability(profile, id));
      const { rights } = await client.show();
      outcome.result({ rights, deviceGroup: place?.deviceGroup ?? null }, () =>
        [`rights: ${rights.join(', ')}`, ...groupText(place)].join('\n'),
      );
    }),
  );

  groupLeaf(
    device,
    'enable-cloud-test',
    'Takes the development capability away, so that sideloaded apps stop being trusted, moves the device to a group that gets updates, and has it look for one.',
    'Field Test',
  ).action((choice: GroupChoice) =>
    withDevice(cwd, choice, async (client) => {
      const { deviceId } = await client.show();
      const place = await moveIfClaimed(cwd, choice, client, deviceId);
      if (place === undefined) {
        throw new CliError('device-unclaimed', 'the device belongs to no catalog', {
          fault: 'caller',
          hint: 'Claim it: npx casemate device claim --catalog NAME --product NAME --device-group "Field Test"',
        });
      }
      await client.removeCapability();
      outcome.progress('looking for updates');
      const update = requireTaken(await client.checkUpdate());
      const { rights } = await client.show();
      outcome.result({ rights, deviceGroup: place.deviceGroup, update }, () =>
        [`rights: ${rights.join(', ') || 'none'}`, ...groupText(place), updateText(update)].join('\n'),
      );
    }),
  );
}

function groupLeaf(device: Command, name: string, description: string, group: string): Command {
  return withServiceScope(deviceLeaf(device, name, description))
    .option('-c, --catalog <name>', 'catalog of a claimed device (default: found by its id)')
    .option('-p, --product <name>', 'product of a claimed device (default: the one that it is in)')
    .option('-d, --device-group <name>', 'device group for a claimed device', group)
    .addHelpText('after', `\nExample:\n  npx casemate device ${name}`);
}

/** `undefined`: the device is in no catalog. */
async function moveIfClaimed(
  cwd: string,
  choice: GroupChoice,
  client: DeviceClient,
  deviceId: string,
): Promise<GroupPlace | undefined> {
  const { catalogId } = await client.serviceStatus();
  if (catalogId === null) return undefined;
  const { catalog, product, deviceGroup } = choice;
  return moveToGroup(await fleetOf(cwd, choice), { deviceId, catalogId, catalog, product, deviceGroup });
}

function groupText(place: GroupPlace | undefined): readonly string[] {
  return place === undefined ? [] : [`device group: ${place.deviceGroup} of ${place.product} in ${place.catalog}`];
}

function registerCapability(device: Command, { outcome, cwd }: CommandContext): void {
  const capability = device.command('capability').description('Device capability files.');
  deviceLeaf(capability, 'show-attached', 'Shows the rights in force.')
    .addHelpText('after', '\nExample:\n  npx casemate device capability show-attached')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const { rights, capabilitySerial } = await client.show();
        outcome.result({ rights, serial: capabilitySerial }, () =>
          rights.length === 0 ? 'none' : `${rights.join(', ')} (serial ${capabilitySerial})`,
        );
      }),
    );
  deviceLeaf(capability, 'update', 'Applies a capability file, or with --none takes the applied one away.')
    .option('--apply <file>', 'capability file of 256 bytes')
    .option('--none', 'take the applied capability away; its serial stays spent')
    .addHelpText('after', '\nExample:\n  npx casemate device capability update --none')
    .action((choice: DeviceChoice & { readonly apply?: string; readonly none?: boolean }) =>
      withDevice(cwd, choice, async (client) => {
        if ((choice.apply === undefined) === (choice.none !== true))
          throw new CliError('usage', 'give either --apply FILE or --none', { fault: 'caller' });
        if (choice.apply === undefined) await client.removeCapability();
        else await client.applyCapability(await readInput(resolve(cwd, choice.apply)));
        const { rights } = await client.show();
        outcome.result({ rights }, () => `rights: ${rights.join(', ') || 'none'}`);
      }),
    );
}
