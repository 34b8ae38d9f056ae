import test from 'ava';
import { compareGolden, goldenAdvice, goldenOrder, goldenTable } from './golden-list.ts';

const LIST = '# numbers\n\nrole publisher 1\nrole service 2\nretired role courier 3\n';
const NONE = { changedOrRemoved: [], added: [], repeated: [] };

test('compareGolden() is content with what the list says', (t) => {
  const difference = compareGolden(LIST, ['role publisher 1', 'role service 2']);
  t.deepEqual(difference, NONE);
  t.is(goldenAdvice('golden.txt', difference), '');
});

const bad: readonly (readonly [why: string, code: readonly string[], key: keyof typeof NONE])[] = [
  ['a number that was changed', ['role publisher 1', 'role service 5'], 'changedOrRemoved'],
  ['an entry that was removed', ['role publisher 1'], 'changedOrRemoved'],
  ['an entry that was renamed', ['role publisher 1', 'role director 2'], 'changedOrRemoved'],
  [
    'a retired number that was given out again',
    ['role publisher 1', 'role service 2', 'role guest 3'],
    'changedOrRemoved',
  ],
  [
    'a retired name that was given out again',
    ['role publisher 1', 'role service 2', 'role courier 4'],
    'changedOrRemoved',
  ],
  ['an entry that is not in the list', ['role publisher 1', 'role service 2', 'role guest 4'], 'added'],
];
for (const [why, code, key] of bad) {
  test(`compareGolden() sees ${why}, and the advice names it`, (t) => {
    const difference = compareGolden(LIST, code);
    t.not(difference[key].length, 0);
    t.not(goldenAdvice('golden.txt', difference), '');
  });
}

test('compareGolden() lets a live name share a value that is no number with a retired one', (t) => {
  t.deepEqual(compareGolden('shape a flag\nretired shape b flag\n', ['shape a flag']), NONE);
});

test('compareGolden() sees a name that stands twice in the list', (t) => {
  t.deepEqual(
    compareGolden(`${LIST}role service 4\n`, ['role publisher 1', 'role service 2', 'role service 4']).repeated,
    ['role service'],
  );
});

test('goldenTable() and goldenOrder() write one line an entry', (t) => {
  t.deepEqual(goldenTable('role', { a: 1, b: 2 }), ['role a 1', 'role b 2']);
  t.deepEqual(goldenOrder('error', ['x', 'y']), ['error x 0', 'error y 1']);
});
