// `casemate new`: an app folder that builds and runs as it stands. Never writes into a folder that has something in it.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { newApp } from '../../build/new-app.ts';
import type { CommandContext } from '../command-context.ts';

export function registerNew(root: Command, { outcome, cwd }: CommandContext): void {
  root
    .command('new')
    .description('Makes an app folder that builds and runs as it stands.')
    .argument('<dir>', 'folder to make')
    .option('--lang <language>', 'language of the app: c', 'c')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  npx casemate new my-app --lang c\n  npx casemate run my-app --for 2s')
    .action((dir: string, { lang }: { readonly lang: string }) => {
      const made = newApp(resolve(cwd, dir), { lang });
      outcome.result(
        made,
        () => `made ${made.files.join(', ')} in ${dir}; try: npx casemate run ${shellWord(dir)} --for 3s`,
      );
    });
}

/** What a shell takes for this one word. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
