import test from 'ava';
import fc from 'fast-check';
import { fromBase64, toBase64 } from './base64.ts';

test('bytes come back from their base64, which is the one that others write', (t) => {
  const law = fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    const text = toBase64(bytes);
    t.is(text, Buffer.from(bytes).toString('base64'));
    t.deepEqual(fromBase64(text), bytes);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});

test('a text has bytes only if it is the one text of those bytes', (t) => {
  const law = fc.property(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[A-D+/=]{0,9}$/)), (text) => {
    const bytes = fromBase64(text);
    t.true(bytes === undefined || toBase64(bytes) === text);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 500 }));
});

for (const [why, text] of [
  ['no padding', 'AA'],
  ['padding in the middle', 'AA==AA=='],
  ['padding alone', '===='],
  ['bits that no byte holds', 'AB=='],
  ['two bits that no byte holds', 'AAB='],
  ['the other alphabet', '-_AA'],
  ['a line feed', 'AAAA\n'],
  ['five characters', 'AAAAA'],
] as const) {
  test(`fromBase64() refuses ${why}`, (t) => t.is(fromBase64(text), undefined));
}
