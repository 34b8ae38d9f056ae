// Proves that the check is red when a step crashes, and prints one line for a step that passed.

import test from 'ava';
import { runSteps } from './run-steps.ts';
import { runStep } from './step.ts';

test('runStep() makes a finding of a crash', async (t) => {
  const { findings, summary } = await runStep('broken', () => Promise.reject(new Error('boom')));
  t.is(summary, 'crashed');
  t.regex(findings[0] ?? '', /boom/);
});

test('runSteps() runs the named steps alone, and prints a line for each', async (t) => {
  const lines: string[] = [];
  const results = await runSteps(['lock'], (line: string) => lines.push(line));
  t.deepEqual(
    results.map(({ name }) => name),
    ['lock'],
  );
  t.regex(lines[0] ?? '', /^(ok {2}|FAIL) lock +\d+\.\d s {2}\d+ packages/);
});
