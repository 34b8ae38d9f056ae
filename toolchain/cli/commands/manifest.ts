// `casemate manifest check`: a verdict for each file. Never more than the parser says.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { checkManifest } from '../../../contracts/wire/manifest.ts';
import type { CommandContext } from '../command-context.ts';
import { readInput } from '../files.ts';
import { errorDocument } from '../outcome.ts';

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
        const { ok, errors } = await verdictOf(resolve(cwd, file));
        if (!ok) refused += 1;
        outcome.line({ file, ok, errors }, () => {
          const lines = errors.map(({ code, path, message, hint }) => `  ${path}: ${message} [${code}]\n    ${hint}`);
          return [`${ok ? 'ok     ' : 'refused'} ${file}`, ...lines].join('\n');
        });
      }
      if (refused > 0) process.exitCode = 1;
    });
}

interface Verdict {
  readonly ok: boolean;
  readonly errors: readonly {
    readonly code: string;
    readonly path: string;
    readonly message: string;
    readonly hint: string;
  }[];
}

/** A file that cannot be read gets its verdict like any other, so that the list stays whole. */
async function verdictOf(path: string): Promise<Verdict> {
  try {
    return checkManifest(await readInput(path));
  } catch (cause) {
    const { code, message, hint } = errorDocument(cause).error;
    if (code !== 'file-not-readable' && code !== 'file-too-large') throw cause;
    return { ok: false, errors: [{ code, path: '$', message, hint: hint ?? '' }] };
  }
}
