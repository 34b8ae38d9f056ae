// What every command is given, so that none of them reaches for the process itself.

import type { Outcome } from './outcome.ts';

export interface CommandContext {
  readonly outcome: Outcome;
  /** Where relative paths of the command line start. */
  readonly cwd: string;
}
