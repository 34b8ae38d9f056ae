// `casemate image …`: the images of a catalog, under az sphere's names. The service checks and signs what it is given, or refuses.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readInput } from '../files.ts';
import { propertiesOf } from '../service/fleet.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, serviceLeaf } from '../service/service-command.ts';
import { table } from '../table.ts';

interface Choice extends ServiceChoice {
  readonly catalog: string;
}
type OneChoice = Choice & { readonly image: string };

export function registerImage(root: Command, { outcome, cwd }: CommandContext): void {
  const image = root.command('image').description('The images of a catalog: what its devices can be given.');
  leaf(
    image,
    'add',
    'Uploads an image package: the service looks it over and signs it for the devices of the catalog.',
    'image add blink.imagepackage --catalog Plant',
  )
    .argument('<file>', 'image package, built for this catalog and signed by its publisher')
    .action(async (file: string, choice: Choice) => {
      const packageBytes = await readInput(resolve(cwd, file));
      const fleet = await fleetOf(cwd, choice);
      outcome.progress('uploading');
      const added = await fleet.addImage(choice.catalog, packageBytes);
      outcome.result(added, () => imageTable([added]));
    });
  leaf(image, 'list', 'Lists the images.', 'image list --catalog Plant').action(async (choice: Choice) => {
    const { client, paths } = await fleetOf(cwd, choice);
    const value = await client.list(paths.inCatalog(choice.catalog, 'images'));
    outcome.result({ value }, () => imageTable(value));
  });
  leaf(image, 'show', 'Shows one image.', 'image show --catalog Plant --image 3b0b4a6e-6a3f-8d53-8d0f-0a8d2d6c1a40')
    .requiredOption('-i, --image <id>', 'image id')
    .action(async (choice: OneChoice) => {
      const { client, paths } = await fleetOf(cwd, choice);
      const shown = (await client.ask('GET', paths.inCatalog(choice.catalog, 'images', choice.image))) ?? {};
      outcome.result(shown, () => imageTable([shown]));
    });
  leaf(
    image,
    'delete',
    'Deletes one image; refused while it is deployed.',
    'image delete --catalog Plant --image 3b0b4a6e-6a3f-8d53-8d0f-0a8d2d6c1a40',
  )
    .requiredOption('-i, --image <id>', 'image id')
    .action(async (choice: OneChoice) => {
      const { client, paths } = await fleetOf(cwd, choice);
      const path = paths.inCatalog(choice.catalog, 'images', choice.image);
      // The service answers alike whether it was there or not; a person who mistyped wants to know.
      await client.ask('GET', path);
      await client.ask('DELETE', path);
      outcome.result({ deleted: choice.image }, () => `deleted the image ${choice.image}`);
    });
}

function leaf(parent: Command, name: string, description: string, example: string): Command {
  return serviceLeaf(parent, name, description, example).requiredOption('-c, --catalog <name>', 'catalog');
}

function imageTable(images: readonly Resource[]): string {
  return table(
    ['NAME', 'VERSION', 'IMAGE', 'COMPONENT', 'ROLLBACK', 'BYTES'],
    images.map((image) => {
      const { imageName, version, imageId, componentId, rollbackIndex, sizeBytes } = propertiesOf(image);
      return [imageName, version, imageId, componentId, rollbackIndex, sizeBytes].map((cell) =>
        typeof cell === 'string' || typeof cell === 'number' ? String(cell) : '',
      );
    }),
  );
}
