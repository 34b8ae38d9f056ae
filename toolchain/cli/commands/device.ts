// `casemate device …`: what an attached computer can ask of a device, under Azure Sphere's names. The device decides each time.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DeviceChoice } from '../attached.ts';
import { listDevices, stateFolder, withDevice } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { crashText } from '../crash-text.ts';
import { appTable, componentIdOf, deviceLeaf, imageTable, memoryTable } from '../device-command.ts';
import { eventText } from '../event-text.ts';
import { table } from '../table.ts';
import { readInput } from '../files.ts';
import { registerDeviceFleet } from './device-fleet.ts';
import { registerDeviceIsolation } from './device-isolation.ts';
import { registerDeviceRights } from './device-rights.ts';
import { registerDeviceService } from './device-service.ts';
import { registerDeviceUpdate } from './device-update.ts';

interface ComponentChoice extends DeviceChoice {
  readonly componentId: string;
}

export function registerDevice(root: Command, context: CommandContext): void {
  const device = root
    .command('device')
    .description('A device on the bench: look at it, sideload to it, claim it, update it.');
  registerLooking(device, context);
  registerDeviceIsolation(device, context);
  registerDeviceRights(device, context);
  const image = device.command('image').description('Images on the device.');
  registerSideload(device, image, context);
  registerApp(device, context);
  registerDeviceService(device, context);
  registerDeviceUpdate(device, image, context);
  registerDeviceFleet(device, context);
}

function registerLooking(device: Command, { outcome, cwd }: CommandContext): void {
  deviceLeaf(device, 'list-attached', 'Lists the devices of the state folder and whether they are powered on.')
    .addHelpText('after', '\nExample:\n  npx casemate device list-attached --json')
    .action(async (choice: DeviceChoice) => {
      const devices = await listDevices(stateFolder(cwd, choice));
      outcome.result({ devices }, () =>
        table(
          ['NAME', 'POWER', 'FOLDER'],
          devices.map((each) => [each.name, each.attached ? 'on' : 'off', each.folder]),
        ),
      );
    });

  deviceLeaf(device, 'show-attached', 'Shows identity, lifecycle, rights and the measurement log.')
    .addHelpText('after', '\nExample:\n  npx casemate device show-attached')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const shown = await client.show();
        outcome.result(shown, () => {
          const facts = [
            ['device id', shown.deviceId],
            ['board', shown.board],
            ['lifecycle', shown.lifecycle],
            ['OS version', shown.osVersion],
            ['rights', shown.rights.join(', ') || 'none'],
            ['uptime', `${Math.round(shown.uptimeMs / 1000)} s`],
          ];
          const log = shown.measurements.map(({ stage, digest, rollbackIndex, name }) => [
            stage,
            digest.slice(0, 16),
            String(rollbackIndex),
            name,
          ]);
          if (shown.measurementsDropped > 0)
            log.push(['…', '', '', `${shown.measurementsDropped} older lines of apps`]);
          return `${table(undefined, facts)}\n\n${table(['MEASURED', 'SHA-256', 'ROLLBACK', 'NAME'], log)}`;
        });
      }),
    );

  const firewall = device.command('firewall').description('The silicon firewall.');
  deviceLeaf(firewall, 'show', 'Shows every row of the firewall, as the monitor has it.')
    .addHelpText('after', '\nExample:\n  npx casemate device firewall show')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const shown = await client.firewall();
        outcome.result(shown, () => {
          const rows = shown.rows.map((row) => [
            row.name,
            row.master,
            row.contexts.join(','),
            `0x${row.base.toString(16)}`,
            String(row.size),
            row.access,
            row.locked ? 'locked' : '',
          ]);
          return `${table(['ROW', 'MASTER', 'CONTEXTS', 'BASE', 'BYTES', 'ACCESS', ''], rows)}\nviolations since power-on: ${shown.violations}`;
        });
      }),
    );

  deviceLeaf(device, 'log', 'Prints the audit trail, then (with --follow) every event as it happens. Stream.')
    .option('--follow', 'stay and print what comes')
    .addHelpText('after', '\nExample:\n  npx casemate device log --follow')
    .action((choice: DeviceChoice & { readonly follow?: boolean }) =>
      withDevice(cwd, choice, async (client) => {
        const { events, dropped } = await client.audit();
        if (dropped > 0) outcome.progress(`${dropped} older events had to make room`);
        for (const event of events) outcome.line(event, () => eventText(event));
        if (choice.follow !== true) return;
        await client.events((event) => outcome.line(event, () => eventText(event)));
        await client.closed;
      }),
    );

  deviceLeaf(device, 'restart', 'Resets the device.')
    .addHelpText('after', '\nExample:\n  npx casemate device restart')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        await client.restart();
        outcome.result({ ok: true }, () => 'resetting');
      }),
    );

  const manufacturing = device
    .command('manufacturing-state')
    .description('The lifecycle in the fuses: Blank, Module1Complete, DeviceComplete.');
  deviceLeaf(manufacturing, 'show', 'Shows the manufacturing state.')
    .addHelpText('after', '\nExample:\n  npx casemate device manufacturing-state show')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const { lifecycle } = await client.show();
        outcome.result({ manufacturingState: lifecycle }, () => lifecycle);
      }),
    );
}

function registerSideload(device: Command, image: Command, { outcome, cwd }: CommandContext): void {
  const sideload = device.command('sideload').description('Put images on the device over its cable.');
  deviceLeaf(sideload, 'deploy', 'Installs a signed image package and starts it.')
    .requiredOption('-i, --image-package <file>', 'the package')
    .option('--manual', 'install without starting')
    .addHelpText('after', '\nExample:\n  npx casemate device sideload deploy -i blink.imagepackage')
    .action((choice: DeviceChoice & { readonly imagePackage: string; readonly manual?: boolean }) =>
      withDevice(cwd, choice, async (client) => {
        const bytes = await readInput(resolve(cwd, choice.imagePackage));
        const image = await client.sideload(bytes, {
          start: choice.manual !== true,
          onProgress: (sent, total) => outcome.progress(`${Math.round((sent / total) * 100)} %`),
        });
        outcome.result({ image }, () => imageTable([image]));
      }),
    );
  deviceLeaf(sideload, 'delete', 'Stops an app and removes its image.')
    .requiredOption('-c, --component-id <guid>', 'component id')
    .addHelpText('after', '\nExample:\n  npx casemate device sideload delete -c 0b1a7a1e-4d3b-4c52-9f4d-6a3c5f0f2b10')
    .action((choice: ComponentChoice) =>
      withDevice(cwd, choice, async (client) => {
        await client.deleteImage(componentIdOf(choice.componentId));
        outcome.result({ ok: true }, () => 'removed');
      }),
    );
  for (const [parent, name] of [
    [sideload, 'show-deployment'],
    [image, 'list-installed'],
  ] as const) {
    deviceLeaf(parent, name, 'Lists the installed app images.')
      .addHelpText('after', `\nExample:\n  npx casemate device ${parent.name()} ${name}`)
      .action((choice: DeviceChoice) =>
        withDevice(cwd, choice, async (client) => {
          const images = await client.images();
          outcome.result({ images }, () => imageTable(images));
        }),
      );
  }
}

function registerApp(device: Command, { outcome, cwd }: CommandContext): void {
  const app = device.command('app').description('Apps on the device.');
  for (const verb of ['start', 'stop'] as const) {
    deviceLeaf(
      app,
      verb,
      verb === 'start' ? 'Starts an installed app.' : 'Asks an app to end, and ends it when its grace period is over.',
    )
      .requiredOption('-c, --component-id <guid>', 'component id')
      .addHelpText('after', `\nExample:\n  npx casemate device app ${verb} -c 0b1a7a1e-4d3b-4c52-9f4d-6a3c5f0f2b10`)
      .action((choice: ComponentChoice) =>
        withDevice(cwd, choice, async (client) => {
          const id = componentIdOf(choice.componentId);
          const status = verb === 'start' ? await client.startApp(id) : await client.stopApp(id);
          outcome.result({ app: status }, () => appTable([status]));
        }),
      );
  }
  deviceLeaf(app, 'show-memory-stats', 'Shows what each running app uses of its budget: now, at most, and its limit.')
    .addHelpText('after', '\nExample:\n  npx casemate device app show-memory-stats --json')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const apps = await client.memoryStats();
        outcome.result({ apps }, () => memoryTable(apps));
      }),
    );
  deviceLeaf(app, 'show-crashes', 'Shows the last bad ends of apps: why, where in the app, what it had called.')
    .addHelpText('after', '\nExample:\n  npx casemate device app show-crashes --json')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const crashes = await client.crashes();
        outcome.result({ crashes }, () => crashes.map(crashText).join('\n') || 'no app has ended badly since power-on');
      }),
    );
  deviceLeaf(app, 'show-status', 'Shows the state of every installed app.')
    .addHelpText('after', '\nExample:\n  npx casemate device app show-status')
    .action((choice: DeviceChoice) =>
      withDevice(cwd, choice, async (client) => {
        const apps = await client.apps();
        outcome.result({ apps }, () => appTable(apps));
      }),
    );
}
