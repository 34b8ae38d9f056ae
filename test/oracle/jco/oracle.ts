// jco for tests: a child process that is asked job by job, and started anew when a component has killed it.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { OracleAnswer, RunJob } from '../jobs.ts';
import { LineChild } from '../line-child.ts';

const CHILD = join(import.meta.dirname, 'child.ts');

export type JcoOracle = LineChild<RunJob, OracleAnswer>;

/** An oracle for the time of one test. */
export function jcoOracle(t: ExecutionContext<unknown>): JcoOracle {
  const oracle: JcoOracle = new LineChild(['--no-warnings', CHILD]);
  t.teardown(() => oracle.end());
  return oracle;
}
