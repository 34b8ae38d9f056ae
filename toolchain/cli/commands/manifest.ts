// `casemate manifest check`: a verdict for each file. Never more than the parser says.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkManifest } from '../../../contracts/wire/manifest.ts';
import type { CommandContext } from '../command-context.ts';
import { CliError } from '../outcome.ts';

export function registerManifest(root: Command, { outcome, cwd }: CommandContext): void {
  const manifest = root.command('manifest').description('App manifests (Azure Sphere’s app_manifest.json).');
  manifest
    .command('check')
    .description(
      'Says for each file whether it is a manifest that this version can package, and what to change if not.',
    )
    .argument('<file...>', 'app_manifest.json files')
    .option('--json', 'one JSON document a line: {"file","ok","errors"}')
    .addHelpText('after', '\nExample:\n  npx casemate manifest check apps/blink/app_manifest.json')
    .action(async (files: readonly string[]) => {
      let refused = 0;
      for (const file of files) {
        const { ok, errors } = checkManifest(await readInput(resolve(cwd, file)));
        if (!ok) refused += 1;
        outcome.line({ file, ok, errors }, () => {
          const lines = errors.map(({ code, path, message, hint }) => `  ${path}: ${message} [${code}]\n    ${hint}`);
          return [`${ok ? 'ok     ' : 'refused'} ${file}`, ...lines].join('\n');
        });
      }
      if (refused > 0) process.exitCode = 1;
    });
}

/** The bytes of a file that the caller named. Errors: `file-not-readable`. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CliError(
      'file-not-readable',
      `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`,
      {
        fault: 'caller',
        hint: 'Check the path.',
        cause,
      },
    );
  }
}
