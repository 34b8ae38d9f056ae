import test from 'ava';
import type { CanonicalValue } from './canonical-json.ts';
import { canonicalJson } from './canonical-json.ts';

const CASES: readonly (readonly [string, CanonicalValue, string])[] = [
  ['sorts keys by code unit, not by alphabet', { b: 1, a: 2, B: 3, _: 4 }, '{"B":3,"_":4,"a":2,"b":1}'],
  ['sorts in nested objects', { z: { y: 1, x: [] } }, '{"z":{"x":[],"y":1}}'],
  ['keeps the order of lists', ['b', 'a'], '["b","a"]'],
  ['escapes quote and backslash alone', 'a"b\\c', '"a\\"b\\\\c"'],
  ['leaves line feeds as they are', 'PEM\nPEM\n', '"PEM\nPEM\n"'], // where it differs from JSON
  ['writes null, true and false', [null, true, false], '[null,true,false]'],
  ['writes negative integers', -5, '-5'],
];
for (const [what, value, expected] of CASES) {
  test(`canonicalJson() ${what}`, (t) => {
    t.is(canonicalJson(value), expected);
  });
}

for (const value of [1.5, Number.NaN, 2 ** 53]) {
  test(`canonicalJson() refuses ${value}`, (t) => {
    t.throws(() => canonicalJson(value), { instanceOf: RangeError });
  });
}
