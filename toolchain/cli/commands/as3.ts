// `casemate as3 serve`: runs the service as a process of its own until Ctrl-C. Never imports it: the service trusts no tool.

import { join } from 'node:path';
import type { Command } from 'commander';
import { stateFolder } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError } from '../outcome.ts';
import { servicePort } from '../port.ts';
import type { Listening } from '../service/service-process.ts';
import { startService } from '../service/service-process.ts';
import { table } from '../table.ts';

interface Choice {
  readonly store?: string;
  readonly state: string;
  readonly port: string;
  readonly deviceHost?: string;
  readonly certificateLife?: string;
}

export function registerAs3(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('as3')
    .description('The security service.')
    .command('serve')
    .description(
      'Runs the service on this machine until Ctrl-C; makes its certificates and the operator’s at the first start.',
    )
    .option('--store <url>', 'where the fleet is kept: sqlite:FILE (default: service.db in the state folder)')
    .option('--state <dir>', 'state folder: authority, certificates', '.casemate')
    .option('--device-host <name>', 'DNS name or IPv4 address that devices reach it by (default: this machine alone)')
    .option('--certificate-life <time>', 'of devices’ certificates: 10s to 7d (default: 24h)')
    .option(
      '--port <n>',
      'port of the management API on localhost, with the device API and the page on the two after it; 0 takes free ones',
      '4300',
    )
    .option('--json', 'one JSON document when it listens: {"url","deviceApi","page","state","operator","root"}')
    .addHelpText(
      'after',
      '\nExample:\n  npx casemate as3 serve --store sqlite:fleet.db --port 4300\n  npx casemate catalog list',
    )
    .action(async (choice: Choice) => {
      const state = stateFolder(cwd, choice);
      const store = choice.store ?? `sqlite:${join(state, 'service.db')}`;
      const service = await startService({ store, state, port: servicePort(choice.port), cwd, more: moreOf(choice) });
      // Ctrl-C reaches the whole group; a signal to this process alone is passed on. Both end the service once.
      const end = (): void => void service.stop();
      process.on('SIGINT', end).on('SIGTERM', end);
      try {
        outcome.result(service.listening, () => table(undefined, factsOf(service.listening)));
        service.relay(process.stderr);
        const exitCode = await service.ended;
        if (exitCode !== 0) {
          throw new CliError('service-failed', `the service ended with ${exitCode ?? 'a signal'}`, { fault: 'world' });
        }
      } finally {
        process.off('SIGINT', end).off('SIGTERM', end);
        await service.stop();
      }
    });
}

function moreOf({ deviceHost, certificateLife }: Choice): readonly string[] {
  return [
    ...(deviceHost === undefined ? [] : ['--device-host', deviceHost]),
    ...(certificateLife === undefined ? [] : ['--certificate-life', certificateLife]),
  ];
}

function factsOf({ url, deviceApi, page, operator, root }: Listening): readonly (readonly string[])[] {
  return [
    ['management API', url],
    ...(deviceApi === null ? [] : [['device API', deviceApi]]),
    ...(page === null ? [] : [['page, opens once', page]]),
    ['operator certificate', operator],
    ['root certificate', root],
  ];
}
