import test from 'ava';
import fc from 'fast-check';
import {
  STORAGE_LIMIT_MAX_BYTES,
  STORAGE_NODES_MAX,
  STORAGE_NODE_PATH_MAX_BYTES,
  STORAGE_VOLUME_MAX_BYTES,
} from '../../../contracts/core/app-storage.ts';
import { codedErrorsOnly } from '../../../test/support/coded-errors-only.ts';
import { StorageRefusal, StorageVolume } from './storage-volume.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const LIMIT = 1024;

/** `a` with 3 bytes, a folder `d` with `d/b`, and an empty folder `e`. */
function filled(): StorageVolume {
  const volume = new StorageVolume();
  volume.create('a', 'file');
  volume.write('a', 0, bytes('abc'), LIMIT);
  volume.create('d', 'directory');
  volume.create('d/b', 'file');
  volume.create('e', 'directory');
  return volume;
}

function codeOf(act: () => unknown): string {
  try {
    act();
    return 'done';
  } catch (error) {
    if (error instanceof StorageRefusal) return error.code;
    throw error;
  }
}

const ANSWERS: readonly (readonly [string, (volume: StorageVolume) => unknown, string])[] = [
  ['a file that is not there', (v) => v.stat('x'), 'no-entry'],
  ['a file below a file', (v) => v.stat('a/x'), 'not-directory'],
  ['a file in a folder that is not there', (v) => v.create('x/y', 'file'), 'no-entry'],
  ['a file that is there already', (v) => v.create('a', 'file'), 'exists'],
  ['reading a folder', (v) => v.read('d', 0, 1), 'is-directory'],
  ['writing the storage itself', (v) => v.write('', 0, bytes('x'), LIMIT), 'is-directory'],
  ['listing a file', (v) => v.list('a'), 'not-directory'],
  ['removing a folder that holds something', (v) => v.remove('d', 'directory'), 'not-empty'],
  ['removing a folder as a file', (v) => v.remove('e', 'file'), 'is-directory'],
  ['removing a file as a folder', (v) => v.remove('a', 'directory'), 'not-directory'],
  ['renaming a folder into itself', (v) => v.rename('d', 'd/x'), 'invalid-argument'],
  ['renaming a file over a folder', (v) => v.rename('a', 'e'), 'is-directory'],
  ['renaming a folder over a file', (v) => v.rename('e', 'a'), 'not-directory'],
  ['renaming a folder over one that holds something', (v) => v.rename('e', 'd'), 'not-empty'],
  ['renaming over an empty folder', (v) => v.rename('d', 'e'), 'done'],
  ['renaming what is not there', (v) => v.rename('x', 'y'), 'no-entry'],
  ['a name too deep', (v) => v.create('d/d/d/d/d/d/d/d/d', 'file'), 'too-large'],
  ['a name too long', (v) => v.create('x'.repeat(STORAGE_NODE_PATH_MAX_BYTES + 1), 'file'), 'too-large'],
];
for (const [what, act, answer] of ANSWERS)
  test(`${what}: ${answer}`, (t) =>
    t.is(
      codeOf(() => act(filled())),
      answer,
    ));

/** Each is refused by every call, and nothing is changed by it. */
const ESCAPES = ['..', '../a', 'd/..', 'd/../../a', '/a', '//a', './a', 'd//b', 'd/', 'a\0', '.', '/', '\0'];
for (const path of ESCAPES) {
  test(`the path ${JSON.stringify(path)} leads nowhere`, (t) => {
    const volume = filled();
    const before = volume.encode();
    for (const act of [
      () => volume.stat(path),
      () => volume.list(path),
      () => volume.create(path, 'file'),
      () => volume.read(path, 0, 1),
      () => volume.write(path, 0, bytes('x'), LIMIT),
      () => volume.resize(path, 1, LIMIT),
      () => volume.rename(path, 'z'),
      () => volume.rename('a', path),
      () => volume.remove(path, 'file'),
    ])
      t.is(codeOf(act), 'invalid-argument');
    t.deepEqual(volume.encode(), before);
  });
}

test('the quota is what all files hold together; one byte more is no-space, and nothing of it is written', (t) => {
  const volume = filled();
  volume.write('a', 0, new Uint8Array(LIMIT), LIMIT);
  t.is(volume.usedBytes, LIMIT);
  t.is(
    codeOf(() => volume.write('d/b', 0, bytes('x'), LIMIT)),
    'no-space',
  );
  t.is(
    codeOf(() => volume.write('a', LIMIT, bytes('x'), LIMIT)),
    'no-space',
  );
  t.is(
    codeOf(() => volume.resize('a', LIMIT + 1, LIMIT)),
    'no-space',
  );
  // A gap counts as much as what stands behind it.
  t.is(
    codeOf(() => volume.write('d/b', 0xffff_ffff, bytes('x'), LIMIT)),
    'no-space',
  );
  t.is(volume.usedBytes, LIMIT);
  volume.write('a', LIMIT - 1, bytes('x'), LIMIT);
  volume.resize('a', 10, LIMIT);
  volume.write('d/b', 0, bytes('x'), LIMIT);
  t.is(volume.usedBytes, 11);
  volume.remove('a', 'file');
  t.is(volume.usedBytes, 1);
});

test('whatever quota an image was granted, nothing is larger than a storage can be', (t) => {
  const volume = filled();
  const most = 0xffff_ffff;
  t.is(
    codeOf(() => volume.resize('a', STORAGE_LIMIT_MAX_BYTES + 1, most)),
    'no-space',
  );
  t.is(
    codeOf(() => volume.write('a', most - 1, bytes('x'), most)),
    'no-space',
  );
  volume.resize('a', STORAGE_LIMIT_MAX_BYTES, most);
  t.is(
    codeOf(() => volume.write('d/b', 0, bytes('x'), most)),
    'no-space',
  );
});

test('with a smaller quota than what lies there it stays readable, shrinks, and does not grow', (t) => {
  const volume = filled();
  t.is(
    codeOf(() => volume.write('d/b', 0, bytes('x'), 2)),
    'no-space',
  );
  t.deepEqual(volume.read('a', 0, 9), bytes('abc'));
  volume.write('a', 0, bytes('x'), 2);
  volume.resize('a', 1, 2);
  volume.write('d/b', 0, bytes('x'), 2);
  t.is(volume.usedBytes, 2);
});

test('a gap before what is written reads as zeros, and a shortened file does not give its old end back', (t) => {
  const volume = filled();
  volume.write('a', 5, bytes('x'), LIMIT);
  t.deepEqual(volume.read('a', 0, 9), bytes('abc\0\0x'));
  volume.resize('a', 1, LIMIT);
  volume.resize('a', 3, LIMIT);
  t.deepEqual(volume.read('a', 0, 9), bytes('a\0\0'));
});

test('a renamed folder takes along what is in it, and a file replaces a file', (t) => {
  const volume = filled();
  volume.rename('d', 'f');
  t.deepEqual(volume.list('f'), [{ kind: 'file', name: 'b' }]);
  volume.rename('a', 'f/b');
  t.deepEqual(volume.read('f/b', 0, 9), bytes('abc'));
  t.deepEqual(
    volume.list('').map(({ name }) => name),
    ['e', 'f'],
  );
  t.is(volume.usedBytes, 3);
});

test('the fullest storage fits what the monitor keeps, and there are no more files than that', (t) => {
  const volume = new StorageVolume();
  for (let n = 0; n < STORAGE_NODES_MAX; n++)
    volume.create(String(n).padStart(STORAGE_NODE_PATH_MAX_BYTES, 'x'), 'file');
  volume.write(
    'x'.repeat(STORAGE_NODE_PATH_MAX_BYTES - 1) + '0',
    0,
    new Uint8Array(STORAGE_LIMIT_MAX_BYTES),
    STORAGE_LIMIT_MAX_BYTES,
  );
  t.true(volume.encode().length <= STORAGE_VOLUME_MAX_BYTES);
  t.is(
    codeOf(() => volume.create('y', 'file')),
    'no-space',
  );
});

const name = fc.constantFrom('a', 'b', 'ä', 'dir', 'dir/a', 'dir/b');
const step = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    path: name,
    kind: fc.constantFrom('file' as const, 'directory' as const),
  }),
  fc.record({
    do: fc.constant('write' as const),
    path: name,
    offset: fc.nat(40),
    bytes: fc.uint8Array({ maxLength: 20 }),
  }),
  fc.record({ do: fc.constant('resize' as const), path: name, size: fc.nat(60) }),
  fc.record({ do: fc.constant('rename' as const), path: name, to: name }),
  fc.record({
    do: fc.constant('remove' as const),
    path: name,
    kind: fc.constantFrom('file' as const, 'directory' as const),
  }),
);

test('after any calls the sum is what the files hold, within the quota, and comes back from its bytes as it was', (t) => {
  const law = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const volume = new StorageVolume();
    for (const each of steps) {
      codeOf(() => {
        if (each.do === 'create') volume.create(each.path, each.kind);
        else if (each.do === 'write') volume.write(each.path, each.offset, each.bytes, 64);
        else if (each.do === 'resize') volume.resize(each.path, each.size, 64);
        else if (each.do === 'rename') volume.rename(each.path, each.to);
        else volume.remove(each.path, each.kind);
      });
    }
    const sum = (path: string): number =>
      volume.list(path).reduce((total, { name: inner, kind }) => {
        const at = path === '' ? inner : `${path}/${inner}`;
        return total + (kind === 'file' ? volume.stat(at).size : sum(at));
      }, 0);
    t.is(sum(''), volume.usedBytes);
    t.true(volume.usedBytes <= 64);
    const again = StorageVolume.decode(volume.encode());
    t.is(again.usedBytes, volume.usedBytes);
    t.deepEqual(again.list(''), volume.list(''));
    t.deepEqual(again.encode(), volume.encode());
  });
  t.notThrows(() => fc.assert(law, { numRuns: 300 }));
});

test('decode() of any bytes gives coded errors only', (t) => {
  codedErrorsOnly(
    t,
    (given) => StorageVolume.decode(given),
    [filled().encode(), new StorageVolume().encode()],
    ['layout-truncated', 'layout-trailing-bytes', 'volume-malformed', 'volume-version-unsupported'],
  );
  t.throws(() => StorageVolume.decode(new Uint8Array(STORAGE_VOLUME_MAX_BYTES + 1)), { code: 'volume-too-large' });
});
