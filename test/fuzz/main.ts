// `npm run fuzz -- NAME --for 60s [--seed N]`: one target for as long as is asked, or the list of them. The seed is printed, so that
// whatever is found can be run again.

import { parseArgs } from 'node:util';
import { runFuzz } from './run-fuzz.ts';
import { TARGETS } from './targets.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { for: { type: 'string', default: '10s' }, seed: { type: 'string' } },
});
const [name] = positionals;
const seconds = /^(\d+)s$/.exec(values.for)?.[1];
const seed = Number(values.seed ?? Date.now() % 2 ** 31);

if (name === undefined) console.log(TARGETS.map((target) => target.name).join('\n'));
else if (!TARGETS.some((target) => target.name === name))
  fail(`there is no fuzz target "${name}"; npm run fuzz lists them`);
else if (seconds === undefined) fail('--for takes seconds, as in --for 60s');
else {
  console.log(`${name} --seed ${seed} for ${seconds} s`);
  const { cases, tally, finding } = await runFuzz(name, seed, Number(seconds) * 1000);
  const counts = Object.entries(tally).sort(([, a], [, b]) => b - a);
  for (const [ended, count] of counts) console.log(`${String(count).padStart(9)}  ${ended}`);
  console.log(`${cases} cases, ${finding === '' ? 'nothing found' : 'FOUND'}`);
  if (finding !== '') fail(finding);
}

function fail(why: string): void {
  console.error(why);
  process.exitCode = 1;
}
