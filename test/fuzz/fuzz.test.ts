import test from 'ava';
import { runFuzz } from './run-fuzz.ts';
import { TARGETS } from './targets.ts';

/** Long runs are `npm run fuzz -- NAME --for 600s`; what they find becomes a number in the target's `kept`. */
const SEED = 1;
const FOR_MS = 2000;

for (const { name } of TARGETS) {
  test(`a short run of the fuzz target ${name} finds nothing`, async (t) => {
    t.timeout(180_000);
    const { cases, tally, finding } = await runFuzz(name, SEED, FOR_MS);
    t.is(finding, '');
    t.true(cases >= 200, `${cases} cases`);
    t.true(Object.keys(tally).length >= 8, `too few ways to end: ${Object.keys(tally).join(', ')}`);
  });
}

test('a fuzz target that is not there, or whose process dies, is a finding', async (t) => {
  const { finding } = await runFuzz('no-such-target', SEED, FOR_MS);
  t.regex(finding, /died with 1/);
});
