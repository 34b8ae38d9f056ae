// `casemate deployment …`: which images the devices of a group are to run. Each device still judges every image by itself.

import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { propertiesOf, stringOf } from '../service/fleet.ts';
import type { GroupPlace } from '../service/resource-paths.ts';
import type { Resource } from '../service/service-client.ts';
import type { ServiceChoice } from '../service/service-command.ts';
import { fleetOf, serviceLeaf } from '../service/service-command.ts';
import { table } from '../table.ts';

type Choice = ServiceChoice & GroupPlace;
const GROUP = '--catalog Plant --product "Lamp 1" --device-group "Field Test"';

export function registerDeployment(root: Command, { outcome, cwd }: CommandContext): void {
  const deployment = root
    .command('deployment')
    .description('Deployments: the images that the devices of a group are to run.');
  leaf(
    deployment,
    'create',
    'Deploys images to a device group, in the place of its current deployment.',
    '--images 3b0b4a6e-6a3f-8d53-8d0f-0a8d2d6c1a40',
  )
    .requiredOption('--images <id...>', 'image ids, one for each component')
    .option('-n, --name <name>', 'name of the deployment (default: its id)', '.default')
    .action(async (choice: Choice & { readonly images: readonly string[]; readonly name: string }) => {
      const created = await (await fleetOf(cwd, choice)).deploy(choice, choice.images, choice.name);
      outcome.result(created, () => deploymentTable([created]));
    });
  leaf(deployment, 'list', 'Lists the deployments of a device group.', '').action(async (choice: Choice) => {
    const { client, paths } = await fleetOf(cwd, choice);
    const value = await client.list(paths.inGroup(choice, 'deployments'));
    outcome.result({ value }, () => deploymentTable(value));
  });
  leaf(deployment, 'show', 'Shows one deployment, by default the current one.', '')
    .option('-n, --name <name>', 'name or id', '.default')
    .action(async (choice: Choice & { readonly name: string }) => {
      const { client, paths } = await fleetOf(cwd, choice);
      const shown = (await client.ask('GET', paths.inGroup(choice, 'deployments', choice.name))) ?? {};
      outcome.result(shown, () => deploymentTable([shown]));
    });
}

function leaf(parent: Command, name: string, description: string, example: string): Command {
  return serviceLeaf(parent, name, description, `deployment ${name} ${GROUP} ${example}`.trimEnd())
    .requiredOption('-c, --catalog <name>', 'catalog')
    .requiredOption('-p, --product <name>', 'product')
    .requiredOption('-d, --device-group <name>', 'device group of the product');
}

function deploymentTable(deployments: readonly Resource[]): string {
  return table(
    ['DEPLOYMENT', 'DATE', 'IMAGES'],
    deployments.map((deployment) => {
      const { deploymentDateUtc, deployedImages } = propertiesOf(deployment);
      const images = Array.isArray(deployedImages) ? (deployedImages as readonly Resource[]) : [];
      return [
        stringOf(deployment, 'name'),
        typeof deploymentDateUtc === 'string' ? deploymentDateUtc : '',
        images.map((image) => imageIdOf(image)).join(', '),
      ];
    }),
  );
}

function imageIdOf(image: Resource): string {
  const { imageId } = propertiesOf(image);
  return typeof imageId === 'string' ? imageId : stringOf(image, 'name');
}
