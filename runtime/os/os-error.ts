// What the OS itself refuses. Never a refusal of the monitor: those keep the monitor's own codes (secure-calls.ts).

import { CodedError } from '../../contracts/core/coded-error.ts';

/**
 * - `grants-mismatch`: the image's compiled grants are not what its manifest compiles to;
 * - `manifest-invalid`: the manifest section is no packaged manifest of this component;
 * - `image-kind-not-application`: only applications are installed over the device link;
 * - `image-incomplete`: the staged bytes end before the announced length;
 * - `image-unknown`: no such component is installed;
 * - `stage-not-begun`, `stage-out-of-order`: image.write without image.begin, or with a gap;
 * - `clock-unreadable`, `uart-unreadable`: a register of the OS's own does not answer.
 */
export type OsErrorCode =
  | 'grants-mismatch'
  | 'manifest-invalid'
  | 'image-kind-not-application'
  | 'image-incomplete'
  | 'image-unknown'
  | 'stage-not-begun'
  | 'stage-out-of-order'
  | 'clock-unreadable'
  | 'uart-unreadable';

export class OsError extends CodedError<OsErrorCode> {}
