// What an app's process has taken of the host, as the monitor tells the OS. Never a limit: the launcher's walls hold those.

import type { Layout } from './records.ts';

/** A figure that the host does not tell is missing; all are, for an app that shares its process. */
export interface UsageFacts {
  readonly memoryBytes?: number;
  /** The most that `memoryBytes` has been. */
  readonly peakBytes?: number;
  readonly cpuNs?: number;
}

const KNOWN = { memoryBytes: 1, peakBytes: 2, cpuNs: 4 } as const;
const FIGURES = ['memoryBytes', 'peakBytes', 'cpuNs'] as const;

export const USAGE_FACTS: Layout<UsageFacts> = {
  write(writer, facts) {
    writer.u8(FIGURES.reduce((bits, figure) => bits | (facts[figure] === undefined ? 0 : KNOWN[figure]), 0));
    for (const figure of FIGURES) writer.u64(BigInt(Math.trunc(facts[figure] ?? 0)));
  },
  read(reader) {
    const bits = reader.u8();
    const facts: { -readonly [Figure in keyof UsageFacts]: UsageFacts[Figure] } = {};
    for (const figure of FIGURES) {
      const value = Number(reader.u64());
      if ((bits & KNOWN[figure]) !== 0) facts[figure] = value;
    }
    return facts;
  },
};
