// Files that the command line names: read and written with errors that say which one and what to do. Never a path of its own choice.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { CliError } from './outcome.ts';

/** The bytes of a file that the caller named. Errors: `file-not-readable`. */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CliError('file-not-readable', `cannot read ${path}: ${reason(cause)}`, {
      fault: 'caller',
      hint: 'Check the path.',
      cause,
    });
  }
}

/** Errors: `file-not-writable`. */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

/** A folder for the owner alone, and those above it. Errors: `file-not-writable`. */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw notWritable(path, cause);
  }
}

function notWritable(path: string, cause: unknown): CliError {
  return new CliError('file-not-writable', `cannot write ${path}: ${reason(cause)}`, {
    fault: 'caller',
    hint: 'Name a place that you may write to.',
    cause,
  });
}

function reason(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause);
}
