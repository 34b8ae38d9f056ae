#!/usr/bin/env node
// The one way in: makes a checkout ready (packages, engine) and hands over to the command line or a tool of this repository.
// It must never need a package, a Node newer than 20, or standard output: a caller may be reading a JSON document there.

import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEngine } from './launch/engine.mjs';
import { makeReady } from './launch/install.mjs';
import { LaunchError } from './launch/launch-error.mjs';
import { handOver } from './launch/hand-over.mjs';

/**
 * The script that the arguments ask for, and what is left for it.
 * @param {string} root
 * @param {string[]} args
 * @returns {{ script: string, args: string[] }}
 */
function chooseScript(root, args) {
  if (args[0] !== '--repo') return { script: join(root, 'toolchain/cli/main.ts'), args };
  const [, tool = '', ...rest] = args;
  const script = join(root, 'toolchain/repo', `${tool}.ts`);
  if (!/^[a-z][a-z-]*$/.test(tool) || !existsSync(script)) {
    throw new LaunchError(
      'unknown-repo-tool',
      `there is no repository tool "${tool}"`,
      'see the scripts in package.json',
    );
  }
  return { script, args: rest };
}

try {
  // Through node_modules/.bin this file is a symbolic link; the checkout is where the real file lies.
  const root = join(dirname(realpathSync(fileURLToPath(import.meta.url))), '../..');
  const { script, args } = chooseScript(root, process.argv.slice(2));
  await makeReady(root);
  await handOver(findEngine(root), [script, ...args]);
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  process.stderr.write(`casemate: ${error.message} [${error.code}]\n${error.hint ? `  ${error.hint}\n` : ''}`);
  process.exitCode = 1;
}
