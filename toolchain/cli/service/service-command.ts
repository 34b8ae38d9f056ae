// What every command that asks the service has in common: its options, and the client that they make. Never asks anything itself.

import type { Command } from 'commander';
import { stateFolder } from '../attached.ts';
import { Fleet } from './fleet.ts';
import { DEFAULT_SCOPE } from './resource-paths.ts';
import { ServiceClient } from './service-client.ts';
import { serviceAccess } from './service-record.ts';

export interface ServiceChoice {
  readonly state: string;
  readonly service?: string;
  readonly subscription: string;
  readonly resourceGroup: string;
}

/** The options that say which service, and where in it. */
export function withServiceOptions(command: Command): Command {
  return command
    .option('-g, --resource-group <name>', 'resource group, a namespace of catalogs', DEFAULT_SCOPE.resourceGroup)
    .option('--subscription <id>', 'subscription, a namespace of resource groups', DEFAULT_SCOPE.subscription)
    .option('--state <dir>', 'state folder of the service: its address and the operator’s certificate', '.casemate')
    .option('--service <url>', 'address of the service (default: the one that it left in its state folder)')
    .option('--json', 'one JSON document');
}

/** A command that asks the service. */
export function serviceLeaf(parent: Command, name: string, description: string, example: string): Command {
  const command = parent.command(name).description(description);
  return withServiceOptions(command).addHelpText('after', `\nExample:\n  npx casemate ${example}`);
}

/** The fleet of the service that the options name. Errors: those of `serviceAccess`. */
export async function fleetOf(cwd: string, choice: ServiceChoice): Promise<Fleet> {
  const client = new ServiceClient(await serviceAccess(stateFolder(cwd, choice), choice.service));
  return new Fleet(client, { subscription: choice.subscription, resourceGroup: choice.resourceGroup });
}
