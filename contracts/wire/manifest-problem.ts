// What can be wrong with an app manifest: one closed list of codes. Never a message that a program would have to read.

import type { Problem, ShapeErrorCode } from './json-shape.ts';

export type ManifestErrorCode =
  | ShapeErrorCode
  | 'schema-version-unsupported'
  | 'application-type-unknown'
  | 'application-type-not-supported'
  | 'capability-not-supported'
  /** A dependency asks for what the app itself does not. */
  | 'dependency-not-granted'
  | 'beta-apis-not-supported';

export type ManifestProblem = Problem<ManifestErrorCode>;
