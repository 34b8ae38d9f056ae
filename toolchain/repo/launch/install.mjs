// Installs the locked packages when a checkout has none or has others. It must never run a package's own scripts, change
// the lock file, or write to standard output.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { holding } from './install-lock.mjs';
import { isStamped, matchesLock, stamp } from './installed.mjs';
import { LaunchError } from './launch-error.mjs';
import { linkOwnBin } from './own-bin.mjs';
import { folderMegabytes } from './folder-size.mjs';

/** What an installation weighs on linux-x64; a test compares it with the real one. */
export const ABOUT_MEGABYTES = 570;

const NPM_ARGS = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Makes `root/node_modules` hold what `root/package-lock.json` says, and returns at once when it does already.
 * @param {string} root
 * @returns {Promise<void>}
 */
export async function makeReady(root) {
  if (isStamped(root)) return linkOwnBin(root);
  const onWait = () => say('another start is installing; waiting for it');
  await holding(join(root, '.casemate-install.lock'), { onWait }, async () => {
    if (isStamped(root)) return;
    if (!matchesLock(root)) await install(root);
    stamp(root);
  });
  linkOwnBin(root);
}

/** @param {string} root */
async function install(root) {
  say(`first start: installing the locked packages (about ${ABOUT_MEGABYTES} MB)`);
  const started = Date.now();
  const code = await npm(root);
  if (code !== 0) {
    const hint = 'its own words are above; with a changed package.json run "npm install --ignore-scripts" first';
    throw new LaunchError('install-failed', `npm ci ended with ${code}`, hint);
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  say(`installed in ${seconds} s, ${folderMegabytes(join(root, 'node_modules'))} MB`);
}

/**
 * @param {string} root
 * @returns {Promise<number | NodeJS.Signals>}
 */
function npm(root) {
  // npm is a .cmd file on Windows, which only a shell starts; every argument is a constant.
  const windows = process.platform === 'win32';
  const child = spawn('npm', NPM_ARGS, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: windows });
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new LaunchError('npm-missing', `npm: ${error.message}`, 'npm comes with Node')),
    );
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 1));
  });
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`casemate: ${line}\n`);
}
