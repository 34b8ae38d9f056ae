// What a fuzz target is: cases by number, each of them the same whenever it is run. A case that throws is a finding, and so is one that
// takes longer than the limit. Types only.

import type { Random } from './random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Cases that were findings once, or reach far; run before all others. */
  readonly kept: readonly number[];
  /** Makes ready, and gives the function that runs one case. It answers in a word how the case ended, for the tally. */
  readonly prepare: () => Promise<(random: Random) => string>;
}
