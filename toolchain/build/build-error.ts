// Every way in which a build can fail, as one closed union. Never carries a tool's text as anything but a message for people.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { HardwareErrorCode } from '../../contracts/wire/hardware-resolution.ts';
import type { Problem, ShapeErrorCode } from '../../contracts/wire/json-shape.ts';
import type { PackagingErrorCode } from '../../contracts/wire/manifest-package.ts';

export type BuildErrorCode =
  /** Of app_manifest.json, casemate.json and hardware definitions: the first problem's own code. */
  | ShapeErrorCode
  | PackagingErrorCode
  | HardwareErrorCode
  | 'folder-missing'
  | 'folder-not-empty'
  | 'folder-not-writable'
  | 'folder-too-large'
  /** A symbolic link, or a path of `files`, that leads out of the app folder. */
  | 'file-outside-folder'
  | 'file-missing'
  | 'manifest-missing'
  | 'hardware-unknown'
  | 'source-missing'
  | 'language-not-supported'
  /** The message is the compiler's text. */
  | 'compile-failed'
  | 'link-failed'
  /** Not a component, or not one that fits the world of an app. */
  | 'component-invalid'
  /** The file of a dependency is not the one that the manifest names. `details`: path, digest. */
  | 'dependency-digest-mismatch'
  /** The tool was stopped by its limits or by the component itself. */
  | 'component-tool-died'
  /** `details`: interface, capability, and the manifest line to add. */
  | 'import-not-granted'
  /** The component wants what no device offers. */
  | 'import-not-offered'
  /** `details`: neededBytes, limitBytes. */
  | 'memory-over-limit'
  | 'image-too-large'
  /** The compiler or the SDK itself is broken: not the app's doing. */
  | 'tool-broken';

export class BuildError extends CodedError<BuildErrorCode> {}

/** All problems of one file as one error; its code is the first one's. */
export function problemsError(file: string, problems: readonly Problem<BuildErrorCode>[]): BuildError {
  const [first] = problems;
  if (first === undefined) return new BuildError('tool-broken', `${file} was refused without a problem`);
  const lines = problems.map(({ code, path, message, hint }) => `${file}: ${path}: ${message} [${code}] (${hint})`);
  return new BuildError(first.code, lines.join('\n'), {
    fault: 'caller',
    hint: first.hint,
    details: { file, path: first.path, problems: problems.map(({ code, path }) => `${code} ${path}`) },
  });
}
