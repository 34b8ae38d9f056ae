// Says that a test cannot do its work on this machine, so that the run names it and does not count it as passed.
// It must never be used for a test that fails: what is broken is red.

import type { ExecutionContext } from 'ava';

/**
 * Marks the whole test as left out; the test returns right after. Split a test of which only a part can run.
 *
 * @param what what is not there: `wasmtime`, `the corpus folder wycheproof`
 * @param why what a person would do about it: `pip install wasmtime`
 *
 * @example
 * if (openssl === undefined) return leftOut(t, 'openssl', 'apt-get install openssl');
 */
export function leftOut(t: ExecutionContext<unknown>, what: string, why: string): void {
  t.log(`left-out ${JSON.stringify({ what, why })}`);
  t.pass();
}
