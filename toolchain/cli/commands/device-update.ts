// `casemate device update`, `device image list-targeted`: what the service wants on the device. The device decides what it takes.

import type { Command } from 'commander';
import type { DeviceChoice } from '../attached.ts';
import { withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { deviceLeaf } from '../device-command.ts';
import { table } from '../table.ts';
import { requireTaken, updateText } from '../update-text.ts';

export function registerDeviceUpdate(device: Command, image: Command, { outcome, cwd }: CommandContext): void {
  deviceLeaf(device, 'update', 'Has the device look for updates now, and shows what it took or refused.')
    .addHelpText('after', '\nExample:\n  npx casemate device update')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        outcome.progress('looking for updates');
        const update = requireTaken(await client.checkUpdate());
        outcome.result(update, () => updateText(update));
      }),
    );
  deviceLeaf(image, 'list-targeted', 'Lists the images that the service last wanted on the device.')
    .addHelpText('after', '\nExample:\n  npx casemate device image list-targeted')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const targeted = await client.targetedImages();
        outcome.result(targeted, () => {
          const rows = targeted.images.map((each) => [
            each.componentId,
            each.imageId,
            String(each.rollbackIndex),
            String(each.sizeBytes),
          ]);
          return `${table(['COMPONENT', 'IMAGE', 'ROLLBACK', 'BYTES'], rows)}\ndeployment: ${targeted.deploymentId ?? 'none'}`;
        });
      }),
    );
}
