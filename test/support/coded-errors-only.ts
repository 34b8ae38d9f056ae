// The fuzz test of every parser of outside bytes: whatever goes in, only errors of its closed list come out. It must never pass for a
// parser that was not reached: the seeds have to parse.

import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../contracts/core/coded-error.ts';

/** One change of a seed: overwrite, cut, or double a part. */
const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('overwrite', 'cut', 'repeat', 'truncate'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
});

/**
 * Feeds `parse` random bytes, and each seed with one to four changes. Passes if nothing but a `CodedError` with one of `codes` is thrown.
 *
 * @param seeds good inputs: `parse` has to accept each of them
 */
export function codedErrorsOnly(
  t: ExecutionContext<unknown>,
  parse: (bytes: Uint8Array) => unknown,
  seeds: readonly Uint8Array[],
  codes: readonly string[],
): void {
  t.true(seeds.length > 0, 'a fuzz test without a good input may never get past the first check');
  for (const seed of seeds) t.notThrows(() => parse(seed));
  const parses = (bytes: Uint8Array): boolean => {
    try {
      parse(bytes);
      return true;
    } catch (error) {
      if (error instanceof CodedError && codes.includes(error.code)) return true;
      throw error;
    }
  };
  t.notThrows(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 512 }), parses), { numRuns: 300 }));
  const mutated = fc.tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 4 }));
  const changed = fc.property(mutated, ([seed, changes]) => parses(changes.reduce(change, seed)));
  t.notThrows(() => fc.assert(changed, { numRuns: 700 }));
}

function change(seed: Uint8Array, { at, kind, bytes }: { at: number; kind: string; bytes: Uint8Array }): Uint8Array {
  const index = seed.length === 0 ? 0 : at % seed.length;
  const before = seed.subarray(0, index);
  if (kind === 'truncate') return before;
  if (kind === 'cut') return Uint8Array.of(...before, ...seed.subarray(index + bytes.length));
  if (kind === 'repeat') return Uint8Array.of(...before, ...seed.subarray(index, index + 16), ...seed.subarray(index));
  return Uint8Array.of(...before, ...bytes, ...seed.subarray(index + bytes.length));
}
