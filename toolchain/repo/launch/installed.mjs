// Answers whether node_modules holds what the lock file says. It must never say yes for a folder that npm did not finish:
// the stamp is written after a whole installation, or after npm's own record was compared package by package.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = 'node_modules/.casemate-stamp';
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'];

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean, [field: string]: unknown }} LockedPackage */

/**
 * True if the last installation was made from today's package.json and lock file.
 * @param {string} root
 */
export function isStamped(root) {
  return readIfThere(join(root, STAMP)) === wantedStamp(root);
}

/** @param {string} root */
export function stamp(root) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, STAMP), wantedStamp(root));
}

/**
 * True if npm installed exactly the locked packages already (`npm ci` by hand, or `npm install` of one more), so that a
 * missing stamp need not cost a second installation.
 * @param {string} root
 */
export function matchesLock(root) {
  const record = readIfThere(join(root, 'node_modules/.package-lock.json'));
  if (record === undefined) return false;
  const installed = packagesOf(record);
  const locked = packagesOf(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (KINDS.some((kind) => !sameEntries(manifest[kind] ?? {}, locked['']?.[kind] ?? {}))) return false;
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity && existsSync(join(root, path));
  });
}

/** @param {string} root */
function wantedStamp(root) {
  const hash = createHash('sha256');
  for (const name of ['package.json', 'package-lock.json'])
    hash.update(readIfThere(join(root, name)) ?? '').update('\0');
  return hash.digest('hex');
}

/**
 * @param {string} lock
 * @returns {Record<string, LockedPackage>}
 */
function packagesOf(lock) {
  return JSON.parse(lock).packages ?? {};
}

/**
 * @param {Record<string, unknown>} left
 * @param {any} right
 */
function sameEntries(left, right) {
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}

/** @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
