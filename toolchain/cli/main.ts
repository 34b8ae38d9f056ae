// The command `casemate`: reads the command line, runs one command, maps every ending to an exit code. Never decides anything itself.

import { Command, CommanderError } from 'commander';
import { registerAs3 } from './commands/as3.ts';
import { registerAttest } from './commands/attest.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBuild } from './commands/build.ts';
import { registerCaCertificate } from './commands/ca-certificate.ts';
import { registerCapability } from './commands/capability.ts';
import { registerDeployment } from './commands/deployment.ts';
import { registerDevice } from './commands/device.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerHardware } from './commands/hardware.ts';
import { registerImage } from './commands/image.ts';
import { registerImagePackage } from './commands/image-package.ts';
import { registerManifest } from './commands/manifest.ts';
import { registerNew } from './commands/new.ts';
import { registerFleet } from './commands/fleet.ts';
import { registerRun } from './commands/run.ts';
import { registerUp } from './commands/up.ts';
import type { CommandContext } from './command-context.ts';
import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';
import { Interrupted } from './interrupt.ts';
import { EXIT, Outcome } from './outcome.ts';

/** Coded errors that say that the command line itself was wrong. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'usage',
  'usage-wrong',
  'duration-malformed',
  'press-malformed',
  'memory-malformed',
  'board-unknown',
]);

const args = process.argv.slice(2);
// A person who pipes the output away meanwhile (`| head`) is no fault of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});

let said = '';
const outcome = new Outcome({
  json: args.includes('--json'),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
});

const casemate = program({ outcome, cwd: process.cwd() });
try {
  await casemate.parseAsync(args, { from: 'user' });
} catch (error) {
  process.exitCode = endingOf(error);
}

function program(context: CommandContext): Command {
  const root = new Command('casemate');
  root
    .description('Secured apps on any device: build, run on a simulated board, and look at what was denied and why.')
    .option('--debug', 'print where an internal fault happened')
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      '\nExamples:\n  npx casemate up --once\n  npx casemate run apps/blink --for 3s --press SAMPLE_BUTTON_1@1s',
    )
    .exitOverride()
    .configureOutput({ writeErr: remember });
  for (const register of [
    registerUp,
    registerNew,
    registerBuild,
    registerAudit,
    registerImagePackage,
    registerManifest,
    registerHardware,
    registerRun,
    registerCapability,
    registerDevice,
    registerAs3,
    registerFleet,
    registerImage,
    registerDeployment,
    registerCaCertificate,
    registerAttest,
    registerDoctor,
  ]) {
    register(root, context);
  }
  for (const command of everyCommand(root)) command.exitOverride().configureOutput({ writeErr: remember });
  return root;
}

/** Errors are told in one form, by `Outcome`; the help for a command without its verb is told as it is. */
function remember(text: string): void {
  said += text;
}

function everyCommand(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}

/** Of the command that these words reach, as far as they name one. */
function helpFor(words: readonly string[]): string {
  const path = ['npx casemate'];
  let command: Command | undefined = casemate;
  for (const word of words) {
    command = command.commands.find((child) => child.name() === word);
    if (command === undefined) break;
    path.push(word);
  }
  return `${path.join(' ')} --help`;
}

function endingOf(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version are answers, not faults.
    if (error.exitCode === 0) return EXIT.done;
    const isHelp = error.code === 'commander.help';
    if (isHelp && !outcome.json) process.stderr.write(said);
    else
      outcome.error(
        new CodedError('usage', isHelp ? 'a command is missing' : error.message.replace(/^error: /, ''), {
          fault: 'caller',
          hint: `${helpFor(args)} shows how.`,
        }),
      );
    return EXIT.usage;
  }
  // Who ended it knows why.
  if (error instanceof Interrupted) return error.exitCode;
  outcome.error(error);
  if (args.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  const usage = isCoded(error) && USAGE_CODES.has(error.code);
  return usage ? EXIT.usage : EXIT.refused;
}
