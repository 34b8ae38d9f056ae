// The app's arguments and its environment out of the manifest that lies in its image. Reads those two fields; what is odd about them is a
// refusal, never a guess.

import { CodedError } from '../../contracts/core/coded-error.ts';
import { MANIFEST_MAX_BYTES } from '../../contracts/core/limits.ts';

export type ArgumentsErrorCode =
  'manifest-unreadable' | 'manifest-arguments-malformed' | 'manifest-environment-malformed';
export class ArgumentsError extends CodedError<ArgumentsErrorCode> {}

/** `CmdArgs` of a manifest's JSON text; none when the manifest has no such field. Errors: `ArgumentsErrorCode`. */
export function commandArguments(manifest: Uint8Array): readonly string[] {
  const args = field(manifest, 'CmdArgs', []);
  if (!Array.isArray(args) || !args.every((arg): arg is string => typeof arg === 'string')) {
    throw new ArgumentsError('manifest-arguments-malformed', 'CmdArgs is no list of strings');
  }
  // JSON can spell half a surrogate pair, which no string of the canonical ABI can hold.
  if (!args.every((arg) => arg.isWellFormed())) {
    throw new ArgumentsError('manifest-arguments-malformed', 'CmdArgs is not well-formed Unicode');
  }
  return args;
}

/** `Environment` of a manifest's JSON text, in its order; nothing of any host's environment. Errors: `ArgumentsErrorCode`. */
export function commandEnvironment(manifest: Uint8Array): readonly (readonly [name: string, value: string])[] {
  const environment = field(manifest, 'Environment', {});
  if (typeof environment !== 'object' || environment === null || Array.isArray(environment))
    throw new ArgumentsError('manifest-environment-malformed', 'Environment is no object');
  return Object.entries(environment).map(([name, value]) => {
    if (typeof value !== 'string' || !name.isWellFormed() || !value.isWellFormed())
      throw new ArgumentsError('manifest-environment-malformed', `Environment ${name} is no well-formed string`);
    return [name, value];
  });
}

function field(manifest: Uint8Array, name: string, absent: object): unknown {
  if (manifest.length === 0) return absent;
  if (manifest.length > MANIFEST_MAX_BYTES) throw new ArgumentsError('manifest-unreadable', `${manifest.length} bytes`);
  const parsed = parse(manifest);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ArgumentsError('manifest-unreadable', 'the manifest is no object');
  }
  return Object.hasOwn(parsed, name) ? (parsed as Readonly<Record<string, unknown>>)[name] : absent;
}

function parse(manifest: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(manifest)) as unknown;
  } catch (cause) {
    throw new ArgumentsError('manifest-unreadable', 'the manifest is not JSON', { cause });
  }
}
