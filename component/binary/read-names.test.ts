import test from 'ava';
import fc from 'fast-check';
import { ComponentError } from '../component-error.ts';
import { BinaryReader, encodeU32 } from './binary-reader.ts';
import { readExternName, readLabel } from './read-names.ts';

const named = (name: string): number[] => {
  const bytes = new TextEncoder().encode(name);
  return [...encodeU32(bytes.length), ...bytes];
};

function codeOf(read: () => string): string {
  try {
    return `read ${read()}`;
  } catch (error) {
    if (error instanceof ComponentError) return error.code;
    throw error;
  }
}

const label = (name: string): string => codeOf(() => readLabel(new BinaryReader(Uint8Array.from(named(name)))));
const extern = (name: string): string =>
  codeOf(() => readExternName(new BinaryReader(Uint8Array.of(0, ...named(name)))));

for (const name of ['a', 'a1', 'a-1', 'a-1b', 'a-1-2-3', 'A-B2', 'a-B-3C-d4e', 'a-12B']) {
  test(`${name} is a label`, (t) => t.is(label(name), `read ${name}`));
}
for (const name of ['', '1', '-a', 'a-', 'a--b', 'aB', 'a-1bC', 'a_b', 'é', '__proto__', 'constructor ', 'a-1-']) {
  test(`"${name}" is no label`, (t) => t.is(label(name), 'component-malformed'));
}
for (const name of [
  'wasi:io/poll@0.2.0',
  'wasi:x/y@0.2.0-rc.1',
  'a:b:c/d/e',
  '[method]a-1.b-2',
  '[constructor]a',
  'url=<a>,integrity=<>',
]) {
  test(`${name} is the name of an import`, (t) => t.is(extern(name), `read ${name}`));
}

/** One character that fits nothing, behind parts that a careless pattern could cut up in more than one way. */
const ENDLESS: readonly (readonly [string, string])[] = [
  ['words of digits', `a${'-1'.repeat(1500)}_`],
  ['words of digits in a resource', `[method]a${'-1'.repeat(1000)}.b_`],
  ['words of digits in a package', `a${'-1'.repeat(700)}:b${'-1'.repeat(700)}/c_`],
  ['long words of digits', `a${`-${'1'.repeat(50)}`.repeat(60)}_`],
  ['namespaces', `a${':a1'.repeat(1200)}_`],
  ['a version', `a:b/c@0${'.0-0'.repeat(900)}_`],
  ['addresses', `url=<${'a>,integrity='.repeat(300)}_`],
];
for (const [what, name] of ENDLESS) {
  test(`a name of ${what} without a right end is refused in one pass`, (t) => {
    t.is(extern(name), 'component-malformed');
    t.is(label(name), 'component-malformed');
  });
}

test('a label is words of one case each, the first of which begins with a letter', (t) => {
  const character = fc.constantFrom('a', 'b', 'A', 'B', '0', '1', '-');
  const property = fc.property(fc.string({ unit: character, minLength: 1, maxLength: 12 }), (name) => {
    const words = name.split('-');
    const isLabel = words.every((word) => /^[0-9a-z]+$/.test(word) || /^[0-9A-Z]+$/.test(word)) && !/^[0-9]/.test(name);
    t.is(label(name), isLabel ? `read ${name}` : 'component-malformed');
  });
  fc.assert(property, { numRuns: 500 });
});
