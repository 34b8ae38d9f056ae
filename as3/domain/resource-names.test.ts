import test from 'ava';
import type { NamedKind } from './resource-names.ts';
import { parseName } from './resource-names.ts';

const ok = undefined;
const malformed = 'resource-name-malformed';
const CASES: readonly (readonly [NamedKind, string, string | undefined])[] = [
  ['catalog', 'a', ok],
  ['catalog', 'A-b_9'.repeat(10), ok], // 50
  ['catalog', 'A-b_9'.repeat(10) + 'x', malformed],
  ['catalog', '', malformed],
  ['catalog', 'two words', malformed],
  ['catalog', '.default', 'resource-name-reserved'],
  ['product', 'abc', ok], // the shortest
  ['product', 'ab', malformed],
  ['product', 'Lamp 1_', ok],
  ['product', ' Lamp', malformed],
  ['product', 'Lamp ', malformed],
  ['product', 'La\nmp', malformed], // .NET's rule lets it in; a list of names would have a line too many
  ['product', 'La\u00a0mp', malformed], // looks like a space
  ['product', 'Lämp', malformed],
  ['product', 'Lamp\n', malformed], // `$` must not match before a last line feed
  ['product', '.unassigned', 'resource-name-reserved'],
  ['product', '.DEFAULT', 'resource-name-reserved'],
  ['product', '.other', malformed],
  ['deviceGroup', 'a', ok],
  ['deviceGroup', 'ab', ok],
  ['deviceGroup', 'Field Test OS Evaluation', ok],
  ['deviceGroup', 'under_score', malformed],
  ['deviceGroup', 'x'.repeat(50), ok],
  ['deviceGroup', 'x'.repeat(51), malformed],
  ['deviceGroup', 'a ', malformed],
  ['resourceGroup', 'rg.1(x)_-', ok],
  ['resourceGroup', 'rg.', malformed],
  ['resourceGroup', 'x'.repeat(91), malformed],
  ['subscription', '00000000-0000-0000-0000-000000000000', ok],
  ['subscription', 'a/b', malformed],
];
for (const [kind, name, code] of CASES) {
  test(`parseName() ${code === undefined ? 'takes' : 'refuses'} the ${kind} ${JSON.stringify(name)}`, (t) => {
    if (code === undefined) t.is(parseName(kind, name), name as never);
    else t.throws(() => parseName(kind, name), { code });
  });
}
