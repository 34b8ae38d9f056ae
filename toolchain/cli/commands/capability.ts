// `casemate capability`: has a manifest's every grant and denial tried on devices, and verifies a matrix that came of that. Never on a
// device that somebody keeps.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { prepareProfile } from '../../factory/profile.ts';
import type { CapabilityMatrix, MatrixRow } from '../../testkit/matrix.ts';
import { readTarget } from '../../testkit/read-target.ts';
import type { MatrixVerdict } from '../../testkit/sign-matrix.ts';
import { verifyMatrix } from '../../testkit/sign-matrix.ts';
import { testCapabilities } from '../../testkit/test-capabilities.ts';
import { stateFolder } from '../attached.ts';
import { checkedBoard } from '../boards.ts';
import type { CommandContext } from '../command-context.ts';
import { readInput, writeOutput } from '../files.ts';
import { interruptible } from '../interrupt.ts';
import { EXIT } from '../outcome.ts';
import { table } from '../table.ts';

interface TestChoice {
  readonly board: string;
  readonly state: string;
  readonly mutants?: boolean;
  readonly output?: string;
}

const EXAMPLES = `
Examples:
  npx casemate capability test apps/blink -o blink.matrix.json
  npx casemate capability test app_manifest.json --mutants

Only the manifest is used: components of the kit's own make the calls, and nothing of the app is built or run.`;

export function registerCapability(root: Command, context: CommandContext): void {
  const { outcome, cwd } = context;
  const capability = root
    .command('capability')
    .description(
      'What a manifest grants, tried call by call on fresh devices, and who stopped what it does not grant.',
    );
  capability
    .command('test')
    .description(
      'Prints the signed denial matrix of a manifest (half a minute). Exit code 1 if a call went otherwise than it says.',
    )
    .argument('<target>', 'app folder, image package, or app_manifest.json')
    .option('--board <name>', 'board to simulate', 'mt3620_rdb')
    .option('--mutants', 'take each check away in turn, and see that the kit names it (a minute or two more)')
    .option('-o, --output <file>', 'the matrix as JSON, for `casemate capability verify`')
    .option('--state <dir>', 'state folder (keys and OS release)', '.casemate')
    .option('--json', 'one JSON document')
    .addHelpText('after', EXAMPLES)
    .action((target: string, choice: TestChoice) => interruptible((signal) => test(context, target, choice, signal)));
  capability
    .command('verify')
    .description(
      'Verifies the signature of a matrix: that a device signed exactly these rows, and what it had measured.',
    )
    .argument('<file>', 'a matrix of `casemate capability test`')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate capability verify blink.matrix.json')
    .action(async (file: string) => {
      const { matrix, verdict } = verifyMatrix(await readInput(resolve(cwd, file)));
      if (!verdict.verified) process.exitCode = EXIT.refused;
      const { target, passed, failed, mutants } = matrix;
      outcome.result({ file, target, passed, failed, mutants, ...verdict }, () => verdictText(verdict, matrix));
    });
}

async function test(
  { outcome, cwd }: CommandContext,
  target: string,
  choice: TestChoice,
  signal: AbortSignal,
): Promise<void> {
  const board = checkedBoard(choice.board);
  const manifest = readTarget(target, cwd, board);
  const onProgress = (text: string): void => outcome.progress(text);
  onProgress('preparing the profile');
  const profile = await prepareProfile(stateFolder(cwd, choice));
  const mutants = choice.mutants === true;
  const matrix = await testCapabilities({ target, manifest, board, profile, mutants, onProgress, signal });
  if (choice.output !== undefined) {
    await writeOutput(resolve(cwd, choice.output), new TextEncoder().encode(`${JSON.stringify(matrix)}\n`));
  }
  const isProven = matrix.mutants === null || matrix.mutants.caught === matrix.mutants.tried;
  if (matrix.failed > 0 || !isProven) process.exitCode = EXIT.refused;
  outcome.result(matrix, () => matrixText(matrix));
}

function matrixText({ rows, passed, failed, mutants, signature }: CapabilityMatrix): string {
  const head = ['', 'CAPABILITY', 'FUNCTION', 'RESOURCE', 'GRANTED', 'RUN', 'OUTCOME', 'STOPPED BY'];
  const shown = table(head, rows.map(rowText));
  const lost = (mutants?.verdicts ?? []).filter(({ caught }) => !caught);
  const missed = lost.map(({ check, named }) => `  without ${check} the kit named ${named.join(', ') || 'nothing'}`);
  const score =
    mutants === null
      ? 'mutants: not tried (--mutants)'
      : `mutants: ${mutants.caught} of ${mutants.tried} checks were named when they were taken away`;
  return [
    shown,
    '',
    `${passed} passed, ${failed} failed`,
    score,
    ...missed,
    `signed by device ${signature.deviceId.slice(0, 16)}… over ${signature.digest}`,
  ].join('\n');
}

function rowText({
  pass,
  capability,
  interface: from,
  function: name,
  resource,
  granted,
  run,
  ...row
}: MatrixRow): string[] {
  const called = name === '' ? from : `${from.replace(/^.*\//, '')}.${name}`;
  const [first = '', ...others] = (capability ?? '').split(' or ');
  const needed = others.length === 0 ? first : `${first} or ${others.length} more`;
  const stopped = row.layer === null ? '' : `${row.layer}: ${row.error ?? ''}`;
  return [pass ? 'ok' : 'FAIL', needed, called, resource, granted ? 'yes' : 'no', run, row.outcome, stopped];
}

function verdictText(
  { verified, checks, deviceId, measured }: MatrixVerdict,
  { target, passed, failed }: CapabilityMatrix,
): string {
  const held = (is: boolean): string => (is ? 'yes' : 'NO');
  return [
    table(undefined, [
      ['verified', verified ? 'yes, with the key in the token' : 'NO'],
      ['  digest is that of the rows', held(checks.digest)],
      ['  token answers this digest', held(checks.nonce)],
      ['  signature holds', held(checks.signature)],
      ['  device id is the key’s', held(checks.deviceId)],
      ['device id', deviceId],
      ['target', target],
      ['rows', `${passed} passed, ${failed} failed`],
    ]),
    '',
    table(
      ['RAN, IN THIS ORDER', 'SHA-256'],
      measured.map(({ stage, digest }) => [stage, digest]),
    ),
  ].join('\n');
}
