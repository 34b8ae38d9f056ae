// When an app that ended is started again, and when it is given up. Pure arithmetic over times; never starts anything itself.

const SECOND_NS = 1_000_000_000n;

/** All times in nanoseconds of device time. */
export interface RestartTimes {
  readonly firstDelayNs: bigint;
  readonly delayMaxNs: bigint;
  /** A run of this length is healthy: everything before it is forgotten. */
  readonly healthyRunNs: bigint;
  /** This many failing ends … */
  readonly failuresMax: number;
  /** … within this time end the loop. */
  readonly failureWindowNs: bigint;
}

/** Azure Sphere restarts an app that exits for any reason; it publishes no delays, so these are ours. */
export const RESTART_TIMES: RestartTimes = {
  firstDelayNs: SECOND_NS,
  delayMaxNs: 60n * SECOND_NS,
  healthyRunNs: 60n * SECOND_NS,
  failuresMax: 5,
  failureWindowNs: 600n * SECOND_NS,
};

export type RestartDecision = { readonly kind: 'restart'; readonly delayNs: bigint } | { readonly kind: 'give-up' };

/** One app's history. */
export class RestartPolicy {
  readonly #times: RestartTimes;
  #delayNs: bigint;
  #failuresAtNs: bigint[] = [];

  constructor(times: RestartTimes = RESTART_TIMES) {
    this.#times = times;
    this.#delayNs = times.firstDelayNs;
  }

  /** An end by itself with exit code 0 is no failure: it is restarted after growing delays, but never given up. */
  afterEnd(end: { readonly nowNs: bigint; readonly ranNs: bigint; readonly isFailure: boolean }): RestartDecision {
    if (end.ranNs >= this.#times.healthyRunNs) this.reset();
    const delayNs = this.#delayNs;
    const doubled = delayNs * 2n;
    this.#delayNs = doubled > this.#times.delayMaxNs ? this.#times.delayMaxNs : doubled;
    if (end.isFailure) {
      const since = end.nowNs - this.#times.failureWindowNs;
      this.#failuresAtNs = [...this.#failuresAtNs.filter((at) => at > since), end.nowNs];
    }
    return this.#failuresAtNs.length >= this.#times.failuresMax ? { kind: 'give-up' } : { kind: 'restart', delayNs };
  }

  /** As if the app had never run: after a healthy run, or when a person starts it. */
  reset(): void {
    this.#delayNs = this.#times.firstDelayNs;
    this.#failuresAtNs = [];
  }
}
