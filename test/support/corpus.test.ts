import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { corpus, corpusRoot } from './corpus.ts';

/** Stands in for a test, and keeps what it logs. */
function fakeTest() {
  const logged: string[] = [];
  const t = { log: (line: string) => logged.push(line), pass: () => true };
  return { t: t as unknown as ExecutionContext, logged };
}

const there = mkdtempSync(join(tmpdir(), 'casemate-corpus-'));

test('corpusRoot() prefers CASEMATE_CORPUS', (t) => {
  t.is(corpusRoot({ CASEMATE_CORPUS: '/elsewhere' }), '/elsewhere');
  t.true(corpusRoot({}).endsWith('corpus'));
});

test('corpus() answers the path of what is there', (t) => {
  t.is(corpus(t, basename(there), { CASEMATE_CORPUS: dirname(there), CI: 'true' }), there);
});

test('corpus() leaves a test out whose folder is missing, and names it', (t) => {
  const { t: fake, logged } = fakeTest();
  t.is(corpus(fake, 'nowhere', { CASEMATE_CORPUS: there }), undefined);
  t.regex(logged[0] ?? '', /^left-out \{"what":"corpus nowhere"/);
});

test('corpus() fails the test in CI, where the corpus belongs', (t) => {
  t.throws(() => corpus(fakeTest().t, 'nowhere', { CASEMATE_CORPUS: there, CI: 'true' }));
});
