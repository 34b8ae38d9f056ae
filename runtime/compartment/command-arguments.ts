// The app's arguments out of the manifest that lies in its image. Reads that one field; what is odd about it is a refusal, never a guess.

import { CodedError } from '../../contracts/core/coded-error.ts';
import { MANIFEST_MAX_BYTES } from '../../contracts/core/limits.ts';

export type ArgumentsErrorCode = 'manifest-unreadable' | 'manifest-arguments-malformed';
export class ArgumentsError extends CodedError<ArgumentsErrorCode> {}

/** `CmdArgs` of a manifest's JSON text; none when the manifest has no such field. Errors: `ArgumentsErrorCode`. */
export function commandArguments(manifest: Uint8Array): readonly string[] {
  if (manifest.length === 0) return [];
  if (manifest.length > MANIFEST_MAX_BYTES) throw new ArgumentsError('manifest-unreadable', `${manifest.length} bytes`);
  const parsed = parse(manifest);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ArgumentsError('manifest-unreadable', 'the manifest is no object');
  }
  const args: unknown = Object.hasOwn(parsed, 'CmdArgs') ? (parsed as { CmdArgs?: unknown }).CmdArgs : [];
  if (!Array.isArray(args) || !args.every((arg): arg is string => typeof arg === 'string')) {
    throw new ArgumentsError('manifest-arguments-malformed', 'CmdArgs is no list of strings');
  }
  // JSON can spell half a surrogate pair, which no string of the canonical ABI can hold.
  if (!args.every((arg) => arg.isWellFormed())) {
    throw new ArgumentsError('manifest-arguments-malformed', 'CmdArgs is not well-formed Unicode');
  }
  return args;
}

function parse(manifest: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(manifest)) as unknown;
  } catch (cause) {
    throw new ArgumentsError('manifest-unreadable', 'the manifest is not JSON', { cause });
  }
}
