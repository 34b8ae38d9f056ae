// Files that the command line names: read and written with errors that say which one and what to do. Never a path of its own choice.

import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import { CliError } from './outcome.ts';

/** No command takes anything larger than an image. */
const INPUT_MAX_BYTES = IMAGE_MAX_BYTES;

/** The bytes of a file that the caller named; `/dev/zero` ends too. Errors: `file-not-readable`, `file-too-large`. */
export async function readInput(path: string): Promise<Uint8Array> {
  const bytes = await readBounded(path);
  if (bytes.length <= INPUT_MAX_BYTES) return bytes;
  throw new CliError('file-too-large', `${path} has more than ${INPUT_MAX_BYTES} bytes`, {
    fault: 'caller',
    hint: 'Check the path: nothing that casemate reads is so large.',
  });
}

/** One byte more than is allowed at the most. */
async function readBounded(path: string): Promise<Uint8Array> {
  try {
    return await buffer(createReadStream(path, { end: INPUT_MAX_BYTES }));
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
