// wasmtime for tests: a child process that is asked job by job. A test whose machine has no library is left out by name; in CI it fails.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { leftOut } from '../../support/left-out.ts';
import type { OracleAnswer, OracleJob } from '../jobs.ts';
import { LineChild } from '../line-child.ts';
import { wasmtimeLibrary } from './install.ts';

const FLAGS = ['--experimental-ffi', '--no-warnings'];
const CHILD = join(import.meta.dirname, 'child.ts');

export type WasmtimeOracle = LineChild<OracleJob, OracleAnswer>;

/** An oracle for the time of one test; without its library the test is left out, and the caller returns. */
export function wasmtimeOracle(t: ExecutionContext<unknown>): WasmtimeOracle | undefined {
  const library = wasmtimeLibrary();
  if ('missing' in library) {
    if (process.env['CI'] === 'true') throw new Error(`in CI wasmtime is required: ${library.missing}`);
    leftOut(t, library.missing, library.remedy);
    return undefined;
  }
  const oracle = new LineChild<OracleJob, OracleAnswer>([...FLAGS, CHILD, library.path]);
  t.teardown(() => oracle.end());
  return oracle;
}
