import test from 'ava';
import { importCandidates, importPathProblem, normalPath } from './hardware-path.ts';

const lookups: readonly (readonly [why: string, importer: string, path: string, candidates: readonly string[]])[] = [
  [
    'a file beside it, or in the folder of its own name',
    'app/hw.json',
    'b.json',
    ['app/b.json', 'sdk/b.json', 'sdk/b/b.json'],
  ],
  ['an absolute importer', '/app/hw.json', 'b.json', ['/app/b.json', 'sdk/b.json', 'sdk/b/b.json']],
  ['an importer at the root', '/hw.json', 'b.json', ['/b.json', 'sdk/b.json', 'sdk/b/b.json']],
  ['an importer without a folder', 'hw.json', 'b.json', ['b.json', 'sdk/b.json', 'sdk/b/b.json']],
  // The search folder is not left upwards: only the folder of the file's own name is tried there.
  ['a path up and across', 'a/b/hw.json', '../c/c.json', ['a/c/c.json', 'sdk/c/c.json']],
  ['a path up and out of a search folder', 'hw.json', '../../x.json', ['../../x.json', 'sdk/x/x.json']],
  ['a path down', 'a/hw.json', 'c/d.json', ['a/c/d.json', 'sdk/c/d.json', 'sdk/d/d.json']],
];
for (const [why, importer, path, candidates] of lookups) {
  test(`importCandidates() looks in order: ${why}`, (t) =>
    t.deepEqual(importCandidates(importer, path, ['sdk']), candidates));
}

const spellings: readonly (readonly [path: string, normal: string])[] = [
  ['a/./b//c', 'a/b/c'],
  ['a/../b', 'b'],
  ['../../b', '../../b'],
  ['/../b', '/b'],
  ['./b', 'b'],
];
for (const [path, normal] of spellings)
  test(`normalPath() spells ${path} as ${normal}`, (t) => t.is(normalPath(path), normal));

test('importPathProblem() accepts the paths that published files have', (t) => {
  for (const path of ['mt3620_rdb.json', '../mt3620/mt3620.json']) t.is(importPathProblem(path), undefined);
});
for (const path of [
  '/etc/a.json',
  'C:/a.json',
  'a\\b.json',
  'a//b.json',
  'a.txt',
  'a\nb.json',
  `${'a'.repeat(255)}.json`,
  '',
]) {
  test(`importPathProblem() refuses ${JSON.stringify(path.slice(0, 12))}`, (t) => t.truthy(importPathProblem(path)));
}
