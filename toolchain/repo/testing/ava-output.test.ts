// AVA's output as it was printed by AVA 8.1, cut down to the lines that matter.

import test from 'ava';
import { AvaOutput } from './ava-output.ts';

function tallyOf(text: string, exitCode: number) {
  const output = new AvaOutput();
  const hidden = text.split('\n').filter((line) => output.take(line));
  return { ...output.end(exitCode), hidden: hidden.length };
}

test('AvaOutput counts passes, failures, crashes and pending tests', (t) => {
  const text = `
  ✔ a › one passes
  ✔ a › slow (1.2s)
  ✘ [fail]: a › two fails
  ✘ b.test.ts exited with a non-zero exit code: 1
  ✘ Timed out while running tests

  1 tests were pending in f.test.ts

  ◌ f › hangs

  ─

  a › two fails

  ✔ this line is the detail of a failure
  ✘ and so is this
`;
  t.like(tallyOf(text, 1), { passed: 2, failed: 4, hidden: 2 });
});

test('AvaOutput does not count a test that was left out as passed', (t) => {
  const text = `
  ✔ a › verifies
    ℹ left-out {"what":"corpus x","why":"not there"}
  ✔ a › logs
    ℹ left-in
`;
  const { passed, failed, leftOut, hidden } = tallyOf(text, 0);
  t.deepEqual({ passed, failed, hidden }, { passed: 1, failed: 0, hidden: 4 });
  t.deepEqual(leftOut, [{ title: 'a › verifies', what: 'corpus x', why: 'not there' }]);
});

test('AvaOutput names a skipped test as left out', (t) => {
  const { passed, leftOut } = tallyOf('  - [skip] a › later\n', 0);
  t.is(passed, 0);
  t.deepEqual(leftOut, [{ title: 'a › later', what: 'a › later', why: 'test.skip' }]);
});

test('AvaOutput fails a run that ended badly without naming a test', (t) => {
  t.like(tallyOf('  ✔ a › one\n', 1), { passed: 1, failed: 1 });
});

test('AvaOutput fails a run without any test', (t) => {
  t.like(tallyOf('\n  ✘ Couldn’t find any files to test\n', 1), { passed: 0, failed: 1 });
  t.like(tallyOf('', 0), { passed: 0, failed: 1 });
});

test('AvaOutput keeps the log lines of a failed test visible', (t) => {
  t.like(tallyOf('  ✘ [fail]: a › two\n    ℹ why\n', 1), { failed: 1, hidden: 0 });
});
