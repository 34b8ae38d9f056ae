// The program of the process that is fuzzed: runs cases by their number and tells its parent how far it is. It must never catch what a
// case throws but to name the case: the process is there to die of it.

import { Random } from './random.ts';
import { TARGETS } from './targets.ts';

/** A case that takes longer, of this process's own time and not the machine's, has hung as far as a device is concerned. */
const CASE_LIMIT_MS = 2000;
/** However short the time: a run of fewer says nothing. */
const CASES_MIN = 200;
const TELL_EVERY_MS = 200;

export interface Progress {
  /** The next case. */
  readonly next: number;
  readonly cases: number;
  readonly tally: Readonly<Record<string, number>>;
  readonly finding?: { readonly number: number; readonly what: string };
}

const [name = '', seed = '1', forMs = '1000'] = process.argv.slice(2);
const target = TARGETS.find((candidate) => candidate.name === name);
if (target === undefined) throw new Error(`no fuzz target ${name}`);
const tally: Record<string, number> = {};
let cases = 0;
let told = 0;
const runCase = await target.prepare();

const end = Date.now() + Number(forMs);
tell(Number(seed));

/** Cases are numbered on from the seed. */
function* numbers(from: number, kept: readonly number[]): Generator<number> {
  yield* kept;
  for (let number = from; ; number++) yield number;
}

function tell(next: number, finding?: Progress['finding']): void {
  told = Date.now();
  process.send?.({ next, cases, tally, ...(finding === undefined ? {} : { finding }) } satisfies Progress);
}

for (const number of numbers(Number(seed), target.kept)) {
  const began = Date.now();
  if (began >= end && cases >= CASES_MIN) break;
  if (began - told > TELL_EVERY_MS) tell(number);
  const cpu = process.cpuUsage();
  try {
    const ended = runCase(new Random(number));
    tally[ended] = (tally[ended] ?? 0) + 1;
  } catch (error) {
    tell(number, { number, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    break;
  }
  cases++;
  const { user, system } = process.cpuUsage(cpu);
  const tookMs = (user + system) / 1000;
  if (tookMs > CASE_LIMIT_MS) {
    tell(number, { number, what: `it took ${tookMs} ms` });
    break;
  }
}
tell(-1);
process.disconnect?.();
