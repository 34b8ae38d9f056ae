// `casemate device list` and `show`: the devices that the service has, attached or not.

import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { CliError } from '../outcome.ts';
import { groupOf } from '../service/device-groups.ts';
import { propertiesOf, stringOf } from '../service/fleet.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, serviceLeaf } from '../service/service-command.ts';
import { table } from '../table.ts';

interface ListChoice extends ServiceChoice {
  readonly catalog: string;
  readonly product?: string;
  readonly deviceGroup?: string;
}

export function registerDeviceFleet(device: Command, { outcome, cwd }: CommandContext): void {
  serviceLeaf(
    device,
    'list',
    'Lists the devices of a catalog, a product or a device group.',
    'device list --catalog Plant --product "Lamp 1"',
  )
    .requiredOption('-c, --catalog <name>', 'catalog')
    .option('-p, --product <name>', 'those of this product')
    .option('-d, --device-group <name>', 'those of this device group of the product')
    .action(async (choice: ListChoice) => {
      const value = await devicesOf(cwd, choice);
      outcome.result({ value }, () => deviceTable(value));
    });
  serviceLeaf(
    device,
    'show',
    'Shows what the service has of one device.',
    'device show --catalog Plant --device-id 3f6c…',
  )
    .requiredOption('-c, --catalog <name>', 'catalog')
    .requiredOption('--device-id <hex>', 'device id, 128 hex digits')
    .action(async (choice: ServiceChoice & { readonly catalog: string; readonly deviceId: string }) => {
      const fleet = await fleetOf(cwd, choice);
      const shown = await fleet.device(choice.catalog, choice.deviceId.toLowerCase());
      outcome.result(shown, () => {
        const group = groupOf(shown);
        const facts = Object.entries(propertiesOf(shown)).map(([name, value]) => [name, String(value)]);
        return table(undefined, [
          ...facts,
          ['product', group?.product ?? 'none'],
          ['device group', group?.deviceGroup ?? 'none'],
        ]);
      });
    });
}

async function devicesOf(cwd: string, choice: ListChoice): Promise<readonly Resource[]> {
  const { catalog, product, deviceGroup } = choice;
  if (product === undefined && deviceGroup !== undefined)
    throw new CliError('usage', '--device-group is a group of a product: name it with --product', { fault: 'caller' });
  const fleet = await fleetOf(cwd, choice);
  if (product === undefined) return fleet.devices(catalog);
  if (deviceGroup !== undefined) return fleet.devices(catalog, { product, deviceGroup });
  const groups = await fleet.client.list(fleet.paths.deviceGroups(catalog, product));
  const each = groups.map((group) => fleet.devices(catalog, { product, deviceGroup: stringOf(group, 'name') }));
  return (await Promise.all(each)).flat();
}

function deviceTable(devices: readonly Resource[]): string {
  return table(
    ['DEVICE', 'PRODUCT', 'DEVICE GROUP'],
    devices.map((device) => {
      const group = groupOf(device);
      return [stringOf(device, 'name'), group?.product ?? '', group?.deviceGroup ?? ''];
    }),
  );
}
