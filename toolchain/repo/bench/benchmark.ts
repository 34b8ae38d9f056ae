// What a benchmark is, for the *.bench.ts files beside the code: a name, and a run that returns rows. It must never hold
// a measurement of its own; how often and against whom to measure is each benchmark's word.

import { summarize } from './statistics.ts';

/** One line of the result, in the shape that scripts read; it only grows. `ratio` is our median / the other's. */
export type Row = {
  readonly case: string;
  readonly unit: string;
  readonly n: number;
  readonly min: number;
  readonly median: number;
  readonly p99?: number;
  readonly max: number;
  readonly against: { readonly what: string; readonly median: number } | null;
  readonly ratio: number | null;
};

/** A peer or baseline that was measured by the same benchmark on the same machine. */
export type Against = { readonly what: string; readonly samples: readonly number[] };

export type BenchContext = {
  /** Says what is being measured, on stderr. */
  readonly say: (text: string) => void;
  /** A row from raw samples. */
  readonly row: (of: { case: string; unit: string; samples: readonly number[]; against?: Against }) => Row;
  /**
   * Nanoseconds for one call of `work`, `n` times over: each sample is the mean over `calls` calls, after `warmup` samples
   * that are thrown away.
   */
  readonly sampleNs: (work: () => unknown, of?: { n?: number; calls?: number; warmup?: number }) => number[];
  /** As `sampleNs`, for work that returns a promise; one call a sample, in milliseconds. */
  readonly sampleMs: (work: () => Promise<unknown>, of?: { n?: number; warmup?: number }) => Promise<number[]>;
};

/** The default export of a `NAME.bench.ts`; `name` is `NAME`. */
export type Benchmark = {
  readonly name: string;
  readonly run: (context: BenchContext) => Promise<readonly Row[]>;
};

export const benchContext: BenchContext = {
  say: (text) => process.stderr.write(`${text}\n`),

  row: ({ case: name, unit, samples, against }) => {
    const summary = summarize(samples);
    if (against === undefined) return { case: name, unit, ...summary, against: null, ratio: null };
    const other = summarize(against.samples).median;
    const ratio = other === 0 ? null : summary.median / other;
    return { case: name, unit, ...summary, against: { what: against.what, median: other }, ratio };
  },

  sampleNs: (work, { n = 30, calls = 1000, warmup = 5 } = {}) => {
    const samples: number[] = [];
    for (let sample = -warmup; sample < n; sample += 1) {
      const started = process.hrtime.bigint();
      for (let call = 0; call < calls; call += 1) work();
      if (sample >= 0) samples.push(Number(process.hrtime.bigint() - started) / calls);
    }
    return samples;
  },

  sampleMs: async (work, { n = 20, warmup = 2 } = {}) => {
    const samples: number[] = [];
    for (let sample = -warmup; sample < n; sample += 1) {
      const started = performance.now();
      await work();
      if (sample >= 0) samples.push(performance.now() - started);
    }
    return samples;
  },
};
