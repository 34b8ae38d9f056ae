// `casemate as3 serve`: runs the service as a process of its own until Ctrl-C. Never imports it: the service trusts no tool.

import { spawn } from 'node:child_process';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { inCheckout } from '../../factory/checkout.ts';
import { RelayedRefusal } from '../../factory/factory-error.ts';
import { record, ShapeMismatch, text } from '../../factory/shape.ts';
import { stateFolder } from '../attached.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError } from '../outcome.ts';
import { table } from '../table.ts';

interface Choice {
  readonly store?: string;
  readonly state: string;
  readonly port: string;
}

/** What the service prints when it listens. */
const READY = record<{ url: string; state: string; operator: string; root: string }>({
  url: text(),
  state: text(),
  operator: text(),
  root: text(),
});
const OUTPUT_MAX_CHARACTERS = 64 * 1024;

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
    .option('--port <n>', 'port of the management API on localhost; 0 takes a free one', '4300')
    .option('--json', 'one JSON document when it listens: {"url","state","operator","root"}')
    .addHelpText(
      'after',
      '\nExample:\n  npx casemate as3 serve --store sqlite:fleet.db --port 4300\n  npx casemate catalog list',
    )
    .action(async (choice: Choice) => {
      const state = stateFolder(cwd, choice);
      const store = choice.store ?? `sqlite:${join(state, 'service.db')}`;
      const args = ['--store', store, '--state', state, '--port', choice.port, '--until-input-ends'];
      const child = spawn(process.execPath, [inCheckout('as3/main/serve.ts'), ...args], { cwd, stdio: 'pipe' });
      // Ctrl-C reaches the whole group; a signal to this process alone is passed on. Both end the service once.
      const end = (): boolean => child.kill('SIGTERM');
      process.on('SIGINT', end).on('SIGTERM', end);
      try {
        const service = await untilReady(child);
        outcome.result(service, () =>
          table(undefined, [
            ['management API', service.url],
            ['operator certificate', service.operator],
            ['root certificate', service.root],
          ]),
        );
        child.stderr.pipe(process.stderr, { end: false });
        await ended(child);
      } finally {
        process.off('SIGINT', end).off('SIGTERM', end);
        child.stdin.destroy();
      }
    });
}

/** The first line of its output. Errors: the service's own refusal, `service-failed`. */
async function untilReady(child: ChildProcessWithoutNullStreams): Promise<ReturnType<typeof READY>> {
  let stderr = '';
  const keep = (chunk: string): void => {
    stderr = (stderr + chunk).slice(0, OUTPUT_MAX_CHARACTERS);
  };
  child.stderr.setEncoding('utf8').on('data', keep);
  let stdout = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout as AsyncIterable<string>) {
    stdout += chunk;
    if (stdout.includes('\n') || stdout.length > OUTPUT_MAX_CHARACTERS) break;
  }
  child.stderr.off('data', keep);
  const ready = parsed(stdout);
  if (ready !== undefined) return ready;
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  throw (
    relayed(stderr) ?? new CliError('service-failed', 'the service did not start', { fault: 'world', hint: stderr })
  );
}

function parsed(line: string): ReturnType<typeof READY> | undefined {
  try {
    return READY(JSON.parse(line), 'service');
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ShapeMismatch) return undefined;
    throw error;
  }
}

const REFUSAL = record<{ error: { code: string; message: string } }>({
  error: record({ code: text(), message: text() }),
});

/** The last line of standard error, if it is a refusal in the agreed form. */
function relayed(stderr: string): RelayedRefusal | undefined {
  try {
    const document: unknown = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
    const { code, message } = REFUSAL(document, 'refusal').error;
    const { hint } = (document as { error: { hint?: unknown } }).error;
    return new RelayedRefusal(code, message, typeof hint === 'string' ? { hint } : {});
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ShapeMismatch) return undefined;
    throw error;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  if (child.exitCode !== 0) {
    throw new CliError('service-failed', `the service ended with ${child.exitCode ?? child.signalCode ?? 'no code'}`, {
      fault: 'world',
    });
  }
}
