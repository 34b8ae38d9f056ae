// What a probe says on the log, and how the kit reads it. Never anything that an app could not say: a probe is an ordinary app.

/** Calls between two pauses: an app may write a hundred lines a second, and none of the probe's may be dropped. */
export const CALLS_PER_PAUSE = 90;
export const PAUSE_NS = 1_100_000_000n;

/** Said once when every call was made. */
export const PROBE_END = 'kit end 00';

/** An answer that is no error of the interface. */
export const CODE = { ok: 0, errorsFrom: 1, notSet: 99 } as const;

export interface ProbeLine {
  readonly call: number;
  /** `CODE.ok`, `CODE.errorsFrom` + the index of the error, or `CODE.notSet`: what had to come before the call did not succeed. */
  readonly code: number;
}

/** `kit 0012 03` */
export function probeLine({ call, code }: ProbeLine): string {
  return `kit ${String(call).padStart(4, '0')} ${String(code).padStart(2, '0')}`;
}

/** `undefined`: a line of something else. */
export function readProbeLine(message: string): ProbeLine | undefined {
  const [, call, code] = /^kit (\d{4}) (\d{2})$/.exec(message) ?? [];
  return call === undefined || code === undefined ? undefined : { call: Number(call), code: Number(code) };
}
