// Paths and files in a device's folder on the host. Never reaches outside the folder that it was given.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes the folder, and those above it, with mode 0700 when it is not there. */
export function ensureFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** The path of a file with this plain name. */
export function inFolder(folder: string, name: string): string {
  return join(folder, name);
}

/** Writes a small file for other programs to read, mode 0600. */
export function writeNote(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
}

export function readNote(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Removes a file if it is there. */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
}
