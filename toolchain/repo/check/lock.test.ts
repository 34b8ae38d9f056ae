// Lock files with one gap each, and Node's way of finding the nearest package.

import test from 'ava';
import { checkedOut } from '../canaries/laid-out.ts';
import { checkLock, missingEntries } from './lock.ts';

const WHOLE = {
  '': { dependencies: { a: '1.0.0' } },
  'node_modules/a': {
    version: '1.0.0',
    integrity: 'sha512-x',
    dependencies: { b: '^2' },
    optionalDependencies: { 'a-linux': '1.0.0' },
  },
  'node_modules/a/node_modules/b': { version: '2.0.0', integrity: 'sha512-x', dependencies: { c: '^1', '@s/d': '^1' } },
  'node_modules/c': { version: '1.0.0', integrity: 'sha512-x' },
  'node_modules/a/node_modules/@s/d': { version: '1.0.0', integrity: 'sha512-x', dependencies: { b: '^2' } },
  'node_modules/a-linux': { version: '1.0.0', optional: true },
};

function findingsOf(packages: object, dependencies = { a: '1.0.0' }): Promise<readonly string[]> {
  const files = [
    { at: 'package.json', says: JSON.stringify({ dependencies }) },
    { at: 'package-lock.json', says: JSON.stringify({ packages }) },
  ];
  return checkedOut(files, (root) => checkLock(root).findings);
}

test('checkLock() accepts a lock whose every edge leads to a package', async (t) => {
  t.deepEqual(await findingsOf(WHOLE), []);
});

test('missingEntries() names what npm left out for another platform', (t) => {
  const { 'node_modules/a-linux': _left, ...rest } = WHOLE;
  t.deepEqual(missingEntries({ packages: rest }), [
    { by: 'node_modules/a', name: 'a-linux', wanted: '1.0.0', optional: true },
  ]);
});

test('missingEntries() does not look below a neighbour', (t) => {
  const packages = { 'node_modules/c': { dependencies: { b: '^2' } }, 'node_modules/a/node_modules/b': {} };
  t.deepEqual(
    missingEntries({ packages }).map(({ name }) => name),
    ['b'],
  );
});

test('checkLock() refuses a lock that is not of this package.json', async (t) => {
  t.regex((await findingsOf(WHOLE, { a: '1.0.1' })).join(), /its dependencies are not those of package.json/);
});

test('checkLock() refuses a dependency that is not pinned', async (t) => {
  t.regex(
    (await findingsOf({ ...WHOLE, '': { dependencies: { a: '^1.0.0' } } }, { a: '^1.0.0' })).join(),
    /a is not pinned/,
  );
});

test('checkLock() refuses a package without a digest that every platform installs', async (t) => {
  t.regex(
    (await findingsOf({ ...WHOLE, 'node_modules/c': { version: '1.0.0' } })).join(),
    /node_modules\/c has no digest/,
  );
});
