// What is said about a series of measurements. It must never smooth or drop a value: the worst case is what a reader of
// a benchmark looks for.

/** `p99` is given only for series long enough to have one. */
export type Summary = {
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly p99?: number;
  readonly max: number;
};

/** Below this many values the 99th percentile would be the maximum by another name. */
const ENOUGH_FOR_P99 = 100;

/**
 * Minimum, median, 99th percentile and maximum of the samples, in their own unit.
 *
 * @throws RangeError on no sample, or on one that is not a finite number
 * @example
 * summarize([3, 1, 2]); // { n: 3, min: 1, median: 2, max: 3 }
 */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('no samples');
  if (!samples.every(Number.isFinite)) throw new RangeError('a sample is not a finite number');
  const sorted = samples.toSorted((left, right) => left - right);
  const n = sorted.length;
  const tail = n >= ENOUGH_FOR_P99 ? { p99: quantile(sorted, 0.99) } : {};
  return { n, min: quantile(sorted, 0), median: quantile(sorted, 0.5), ...tail, max: quantile(sorted, 1) };
}

/** Linear between the two nearest ranks (Hyndman and Fan's type 7, the default of R and NumPy). */
function quantile(sorted: readonly number[], q: number): number {
  const rank = (sorted.length - 1) * q;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}
