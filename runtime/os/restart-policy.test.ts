// When an app is restarted and when given up, as a table of ends.

import test from 'ava';
import type { RestartDecision } from './restart-policy.ts';
import { RESTART_TIMES, RestartPolicy } from './restart-policy.ts';

const SECOND = 1_000_000_000n;
interface End {
  readonly atS: number;
  readonly ranS: number;
  readonly isFailure: boolean;
}
const after = (seconds: number): RestartDecision => ({ kind: 'restart', delayNs: BigInt(seconds) * SECOND });
const GIVE_UP: RestartDecision = { kind: 'give-up' };
const fail = (atS: number, ranS = 0): End => ({ atS, ranS, isFailure: true });

for (const { name, ends, decisions } of [
  {
    name: 'five failures in a row end the loop',
    ends: [0, 2, 5, 10, 20].map((at) => fail(at)),
    decisions: [after(1), after(2), after(4), after(8), GIVE_UP],
  },
  // Four failures, a healthy run, and counting starts over.
  {
    name: 'a healthy run forgets the failures before it',
    ends: [fail(0), fail(2), fail(5), fail(10), fail(80, 60)],
    decisions: [after(1), after(2), after(4), after(8), after(1)],
  },
  // 59 s is not healthy, but failures that lie further back than the window do not count.
  {
    name: 'failures further back than the window do not count',
    ends: [fail(0, 59), fail(150, 59), fail(300, 59), fail(450, 59), fail(601, 59)],
    decisions: [after(1), after(2), after(4), after(8), after(16)],
  },
  {
    name: 'an exit with code 0 is never given up',
    ends: Array.from({ length: 8 }, (_, index) => ({ atS: index, ranS: 0, isFailure: false })),
    decisions: [1, 2, 4, 8, 16, 32, 60, 60].map(after),
  },
] as const) {
  test(name, (t) => {
    const policy = new RestartPolicy(RESTART_TIMES);
    const told = ends.map(({ atS, ranS, isFailure }) =>
      policy.afterEnd({ nowNs: BigInt(atS) * SECOND, ranNs: BigInt(ranS) * SECOND, isFailure }),
    );
    t.deepEqual(told, [...decisions]);
  });
}
