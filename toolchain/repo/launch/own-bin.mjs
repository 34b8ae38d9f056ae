// Links this package's own command into node_modules/.bin, so that scripts find `casemate` in a checkout.
// It must never replace a file that is not ours, nor stop a start: the link is a convenience.

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TARGET = '../../toolchain/repo/casemate.mjs';

/** @param {string} root */
export function linkOwnBin(root) {
  const folder = join(root, 'node_modules/.bin');
  const windows = process.platform === 'win32';
  const link = join(folder, windows ? 'casemate.cmd' : 'casemate');
  if (existsSync(link)) return;
  try {
    mkdirSync(folder, { recursive: true });
    if (windows) writeFileSync(link, `@node "%~dp0\\${TARGET.replaceAll('/', '\\')}" %*\r\n`);
    else symlinkSync(TARGET, link);
  } catch (error) {
    // A read-only checkout, or another start that was quicker.
    if (process.env.CASEMATE_DEBUG) process.stderr.write(`casemate: no link in node_modules/.bin: ${error}\n`);
  }
}
