// Watches a blinking pin and says how fast it blinks. Never takes one odd edge for the rate: it goes by the median.

import type { Bench, BenchEvent, PinEvent } from '../bench.ts';
import { CliError } from '../outcome.ts';

/** Edges of one pin as they come. */
export class EdgeWatch {
  readonly edges: PinEvent[] = [];
  readonly #bench: Bench;
  readonly #stop: () => void;

  constructor(bench: Bench, pin: number) {
    this.#bench = bench;
    this.#stop = bench.onEvent((event: BenchEvent) => {
      if (event.kind === 'pin' && event.pin === pin && event.level !== null) this.edges.push(event);
    });
  }

  /** Waits for so many more edges. Errors: those of `Bench.next`. */
  async more(count: number, timeoutMs: number): Promise<void> {
    const wanted = this.edges.length + count;
    const deadline = performance.now() + timeoutMs;
    while (this.edges.length < wanted) {
      const what = `edge ${this.edges.length + 1} of ${wanted}`;
      await this.#bench.next(what, ({ kind }) => kind === 'pin', deadline - performance.now());
    }
  }

  stop(): void {
    this.#stop();
  }
}

/** Milliseconds between neighbouring edges, the median. */
export function medianSpacing(edges: readonly { readonly t: number }[]): number {
  const gaps = edges.slice(1).map((edge, index) => edge.t - (edges[index]?.t ?? 0));
  gaps.sort((a, b) => a - b);
  const middle = gaps[Math.floor(gaps.length / 2)];
  if (middle === undefined) throw new CliError('story-failed', 'fewer than two edges have no spacing');
  return middle;
}
