import test from 'ava';
import { ComponentError } from '../../component/component-error.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { mutate, seeds } from '../fuzz/component-bytes.ts';
import { Random } from '../fuzz/random.ts';
import { wasmtimeOracle } from './wasmtime/oracle.ts';

const CASES = 1500;

/**
 * What wasmtime refuses and we link, by wasmtime's words. Each is of something that never runs, or that the engine refuses before the module
 * concerned runs; wasm-tools, which judges as wasmtime does, is asked at build and upload.
 */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [
    /exporting a component from the root component is not supported/,
    'a bound of wasmtime’s, valid by the specification',
  ],
  [/module instantiation argument|core instance \d+ has no export/, 'inside a component that is never instantiated'],
  [
    /instantiation argument|no export named|unknown (component |core )?\w+ \d+/,
    'inside a component or a type that nothing uses',
  ],
  [
    /is not an? (component|instance|function|module|defined|core) ?\w* ?type|type index/,
    'a type that nothing is compared with',
  ],
  [
    /not valid to be used as (export|import)/,
    'a name for a type is wanted where types are exported: nothing hangs on it',
  ],
  [/mismatch in (memory|table) limits|differ in mutability|mismatch in/, 'the engine compares as it instantiates'],
  [
    /type mismatch for import|missing expected (export|import)/,
    'the type of an imported module: its imports are compared when it is instantiated',
  ],
  [/malformed UTF-8/, 'a custom section, which nobody reads'],
];

test('of mutated components none links here that wasmtime calls invalid, but for reasons that are listed', async (t) => {
  const oracle = wasmtimeOracle(t);
  if (oracle === undefined) return;
  const all = await seeds();
  const unexplained: string[] = [];
  let linked = 0;
  for (let number = 1; number <= CASES; number++) {
    const random = new Random(number);
    const bytes = mutate(random.pick(all), random, all);
    try {
      linkComponent(bytes, new Map(), { memoryPages: 64 });
    } catch (error) {
      if (error instanceof ComponentError) continue;
      throw error;
    }
    linked++;
    const answer = await oracle.ask({ kind: 'validate', binary: bytes });
    if (answer.kind !== 'validated' || answer.invalid === null) continue;
    const { invalid } = answer;
    if (!EXPLAINED.some(([words]) => words.test(invalid))) unexplained.push(`case ${number}: ${invalid}`);
  }
  t.deepEqual(unexplained, []);
  t.true(linked > 30, `only ${linked} of them link`);
});
