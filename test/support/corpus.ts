// Finds the corpus: reference files of other projects that are too large, or not ours, to be kept here. It must never let
// a test pass without its corpus: the test is left out by name, and in CI, where the corpus belongs, it fails.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { leftOut } from './left-out.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Where the corpus is expected, whether it is there or not. */
export function corpusRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env['CASEMATE_CORPUS'] ?? join(ROOT, '../shared/corpus');
}

/**
 * The path of one folder or file of the corpus; without it the test is left out, and the caller returns.
 *
 * @example
 * const vectors = corpus(t, 'wycheproof');
 * if (vectors === undefined) return;
 */
export function corpus(
  t: ExecutionContext<unknown>,
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const path = join(corpusRoot(env), name);
  if (existsSync(path)) return path;
  if (env['CI'] === 'true') throw new Error(`in CI the corpus is required: ${path} is not there`);
  leftOut(t, `corpus ${name}`, `${path} is not there; CASEMATE_CORPUS names another place`);
  return undefined;
}
