// Lets one of several starts install at a time: a folder, since making one is atomic on every file system. It must never
// be left behind by a process that is gone, and never be taken from one that is alive.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { LaunchError } from './launch-error.mjs';

const RETRY_MS = 200;
const GIVE_UP_MS = 15 * 60_000;

/**
 * Runs `work` while holding the lock at `folder`.
 * @template T
 * @param {string} folder
 * @param {{ onWait: () => void, giveUpMs?: number }} options `onWait` is called once, when another process holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function holding(folder, { onWait, giveUpMs = GIVE_UP_MS }, work) {
  const deadline = Date.now() + giveUpMs;
  for (let waited = false; !take(folder); waited = true) {
    if (!waited) onWait();
    if (Date.now() > deadline) {
      const hint = `if none is running, delete ${folder}`;
      throw new LaunchError('install-lock-stuck', 'another installation did not end', hint);
    }
    await sleep(RETRY_MS);
    if (ownerIsGone(folder)) rmSync(folder, { recursive: true, force: true });
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', release);
  try {
    return await work();
  } finally {
    release();
    process.off('exit', release);
  }
}

/** @param {string} folder */
function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'pid'), String(process.pid));
  return true;
}

/**
 * True only when the owner wrote its id and no such process runs. A folder without an id is one that is just being taken.
 * @param {string} folder
 */
function ownerIsGone(folder) {
  try {
    process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
