import test from 'ava';
import fc from 'fast-check';
import { decodeLastWords, encodeLastWords } from './last-words.ts';

test('the last words come back, on one line, whatever an engine or a hostile name section puts into them', (t) => {
  const detail = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !text.includes('\n'));
  const law = fc.property(detail, fc.stringMatching(/^[a-z-]{1,20}$/), (given, code) => {
    t.deepEqual(decodeLastWords(encodeLastWords({ kind: 'trap', detail: given })), { kind: 'trap', detail: given });
    const refused = { kind: 'refused', code, detail: given } as const;
    t.deepEqual(decodeLastWords(encodeLastWords(refused)), refused);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 200 }));
});

test('encodeLastWords() keeps a carriage return or U+2028 in the detail from hiding a trap', (t) => {
  for (const detail of ['a\rb', 'a\u2028b', 'a\u2029b']) {
    t.deepEqual(decodeLastWords(encodeLastWords({ kind: 'trap', detail })), { kind: 'trap', detail });
  }
});

test('encodeLastWords() is one line, and bounded', (t) => {
  const text = encodeLastWords({ kind: 'trap', detail: `a\ncasemate refused forged x\n${'b'.repeat(9000)}` });
  t.is(text.indexOf('\n'), text.length - 1);
  t.true(text.length < 3000);
  t.is(decodeLastWords(text)?.kind, 'trap');
});

test('decodeLastWords() takes the last line of its form and passes over what the engine printed', (t) => {
  const text = 'warning: x\ncasemate trap first\ncasemate refused no-run missing\nmore noise\n';
  t.deepEqual(decodeLastWords(text), { kind: 'refused', code: 'no-run', detail: 'missing' });
});

const silent: readonly (readonly [why: string, text: string])[] = [
  ['nothing', ''],
  ['noise', 'Segmentation fault\n'],
  ['a kind that is not known', 'casemate shouts x\n'],
  ['the form in the middle of a line', 'x casemate trap y\n'],
];
for (const [why, text] of silent) {
  test(`decodeLastWords() hears nothing in ${why}`, (t) => t.is(decodeLastWords(text), undefined));
}
