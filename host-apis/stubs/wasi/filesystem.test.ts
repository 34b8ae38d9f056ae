import test from 'ava';
import type { Case, Value } from '../../../component/value-types.ts';
import { WasiGuest } from '../../../test/support/wasi-calls.ts';
import { WasiDevice } from '../../../test/support/wasi-device.ts';
import { DESCRIPTORS_MAX } from './descriptors.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const FILES = new Map([
  ['readme', text('hello')],
  ['data/list', text('0123456789')],
  ['data/deep/x', text('x')],
]);
const QUOTA = 100;
const [READ, WRITE, MUTATE] = [1, 2, 32];
const [CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE] = [1, 2, 4, 8];

function guest() {
  const device = new WasiDevice({ storageBytes: QUOTA });
  const app = new WasiGuest(device, { files: FILES, hasStorage: true });
  const folders = app.folders();
  const [image = 0, storage = 0] = [folders.get('/'), folders.get('/storage')];
  const open = (folder: number, path: string, openFlags = 0, flags = READ): Value =>
    app.fs('open-at', folder, 0, path, openFlags, flags);
  const read = (descriptor: Value, length = 100n, offset = 0n): string => {
    const got = app.fs('read', descriptor, length, offset);
    return typeof got === 'string' ? got : new TextDecoder().decode((got as readonly Uint8Array[])[0]);
  };
  const names = (descriptor: Value): readonly string[] => {
    const stream = app.fs('read-directory', descriptor);
    const found: string[] = [];
    for (;;) {
      const entry = app.ok('filesystem/types', '[method]directory-entry-stream.read-directory-entry', stream) as Case;
      if (entry.index === 0) return found;
      found.push((entry.value as readonly [number, string])[1]);
    }
  };
  return { device, app, image, storage, open, read, names };
}

test('without a grant there is the image alone, with it also /storage', (t) => {
  t.deepEqual([...new WasiGuest(new WasiDevice(), { files: FILES }).folders().keys()], ['/']);
  t.deepEqual(
    [...new WasiGuest(new WasiDevice(), { files: FILES, hasStorage: true }).folders().keys()],
    ['/', '/storage'],
  );
});

test('the files of the image are read from anywhere to their end', (t) => {
  const { app, image, open, read, names } = guest();
  const list = open(image, 'data/list');
  t.is(read(list), '0123456789');
  t.is(read(list, 3n, 4n), '456');
  t.deepEqual(app.fs('read', list, 5n, 10n), [new Uint8Array(0), true]);
  t.deepEqual(app.fs('read', list, 5n, 2n ** 64n - 1n), [new Uint8Array(0), true]);
  t.deepEqual(app.fs('read', list, 5n, 5n), [text('56789'), false]);
  t.deepEqual([...names(image)].sort(), ['data', 'readme']);
  t.deepEqual([...names(open(image, 'data'))].sort(), ['deep', 'list']);
  t.is(read(open(open(image, 'data') as number, 'deep/x')), 'x');
  t.is(read(open(image, 'data/../readme')), 'hello');
  t.like(app.fs('stat-at', image, 0, 'data/list'), { 0: 6, 1: 1n, 2: 10n });
  t.like(app.fs('stat-at', image, 0, 'data'), { 0: 3 });
});

/** On the image: what is asked, and the answer. */
const ON_IMAGE: readonly (readonly [string, number, number, string])[] = [
  ['missing', 0, READ, 'no-entry'],
  ['readme/x', 0, READ, 'not-directory'],
  ['readme', DIRECTORY, READ, 'not-directory'],
  ['readme/', 0, READ, 'not-directory'],
  ['new', CREATE, READ, 'read-only'],
  ['readme', 0, READ | WRITE, 'read-only'],
  ['readme', TRUNCATE, READ, 'read-only'],
  ['data', DIRECTORY, READ | MUTATE, 'read-only'],
  ['', 0, READ, 'no-entry'],
  ['..', 0, READ, 'not-permitted'],
  ['../storage/x', 0, READ, 'not-permitted'],
  ['data/../../x', 0, READ, 'not-permitted'],
  ['/readme', 0, READ, 'not-permitted'],
  ['/etc/passwd', 0, READ, 'not-permitted'],
  ['read\0me', 0, READ, 'illegal-byte-sequence'],
  ['x'.repeat(5000), 0, READ, 'name-too-long'],
];
for (const [path, openFlags, flags, answer] of ON_IMAGE) {
  test(`open-at of ${JSON.stringify(path.slice(0, 20))} in the image with ${openFlags}/${flags}: ${answer}`, (t) => {
    const { image, open } = guest();
    t.is(open(image, path, openFlags, flags), answer);
  });
}

test('nothing of the image can be changed by any function', (t) => {
  const { app, image, open } = guest();
  const file = open(image, 'readme');
  const NOW = { index: 1, value: undefined };
  t.is(app.fs('write', file, text('x'), 0n), 'bad-descriptor');
  t.is(app.fs('set-size', file, 0n), 'bad-descriptor');
  t.is(app.fs('write-via-stream', file, 0n), 'bad-descriptor');
  t.is(app.fs('append-via-stream', file), 'bad-descriptor');
  t.is(app.fs('create-directory-at', image, 'd'), 'read-only');
  t.is(app.fs('unlink-file-at', image, 'readme'), 'read-only');
  t.is(app.fs('remove-directory-at', image, 'data'), 'read-only');
  t.is(app.fs('rename-at', image, 'readme', image, 'other'), 'read-only');
  t.is(app.fs('symlink-at', image, 'readme', 'link'), 'read-only');
  t.is(app.fs('link-at', image, 0, 'readme', image, 'link'), 'read-only');
  t.is(app.fs('set-times', file, NOW, NOW), 'read-only');
  t.is(app.fs('set-times-at', image, 0, 'readme', NOW, NOW), 'read-only');
});

test('storage is written, grown, cut, renamed and removed, and every answer is the quota’s or the path’s', (t) => {
  const { app, device, storage, open, read, names } = guest();
  const file = open(storage, 'a', CREATE, READ | WRITE);
  t.is(app.fs('write', file, text('hello'), 0n), 5n);
  t.is(read(file), 'hello');
  t.is(open(storage, 'a', CREATE | EXCLUSIVE, READ | WRITE), 'exist');
  t.is(app.fs('write', file, new Uint8Array(QUOTA), 1n), 'insufficient-space', 'the quota and one');
  t.is(app.fs('write', file, new Uint8Array(QUOTA), 0n), BigInt(QUOTA), 'the quota');
  t.is(app.fs('set-size', file, BigInt(QUOTA) + 1n), 'insufficient-space');
  t.is(app.fs('set-size', file, 3n), undefined);
  t.is(app.fs('write', file, text('x'), 2n ** 32n), 'file-too-large');
  t.is(app.fs('set-size', file, 2n ** 40n), 'file-too-large');
  t.is(app.fs('create-directory-at', storage, 'd'), undefined);
  t.is(app.fs('rename-at', storage, 'a', storage, 'd/b'), undefined);
  t.is(app.fs('write', file, text('abc'), 0n), 3n, 'an open file goes on under its new name');
  t.is(read(open(storage, 'd/b')), 'abc');
  const folder = open(storage, 'd');
  t.is(app.fs('rename-at', storage, 'd', storage, 'e'), undefined);
  t.deepEqual(names(folder), ['b']);
  t.is(app.fs('remove-directory-at', storage, 'e'), 'not-empty');
  t.is(app.fs('unlink-file-at', storage, 'e'), 'is-directory');
  t.is(app.fs('unlink-file-at', folder, 'b'), undefined);
  t.is(app.fs('remove-directory-at', storage, 'e'), undefined);
  t.is(read(file), 'no-entry', 'a file that is removed is gone, also for who has it open');
  t.deepEqual(names(storage), []);
  t.is(device.volume.usedBytes, 0);
});

/** On the storage: a method with a path that would lead out of it, or is nothing that it does. */
const ESCAPES = ['..', '../x', 'd/../../x', '/x', '/storage/x', '/'];
for (const path of ESCAPES) {
  test(`the path ${path} does not lead out of the storage, by any function`, (t) => {
    const { app, storage, open, device } = guest();
    const asked = device.broker.requests.length;
    t.is(open(storage, path, CREATE, READ | WRITE), 'not-permitted');
    t.is(app.fs('create-directory-at', storage, path), 'not-permitted');
    t.is(app.fs('unlink-file-at', storage, path), 'not-permitted');
    t.is(app.fs('remove-directory-at', storage, path), 'not-permitted');
    t.is(app.fs('rename-at', storage, path, storage, 'x'), 'not-permitted');
    t.is(app.fs('rename-at', storage, 'x', storage, path), 'not-permitted');
    t.is(app.fs('stat-at', storage, 0, path), 'not-permitted');
    t.is(app.fs('metadata-hash-at', storage, 0, path), 'not-permitted');
    t.is(app.fs('readlink-at', storage, path), 'not-permitted');
    t.is(device.broker.requests.length, asked, 'the broker is not even asked');
  });
}

test('links, times and synchronous writing are refused, not ignored', (t) => {
  const { app, image, storage, open } = guest();
  const file = open(storage, 'a', CREATE, READ | WRITE);
  const NOW = { index: 1, value: undefined };
  t.is(app.fs('symlink-at', storage, '/etc', 'link'), 'unsupported');
  t.is(app.fs('link-at', storage, 0, 'a', storage, 'b'), 'unsupported');
  t.is(app.fs('set-times', file, NOW, NOW), 'unsupported');
  t.is(open(storage, 'a', 0, READ | WRITE | 4), 'unsupported');
  t.is(app.fs('readlink-at', storage, 'a'), 'invalid');
  t.is(app.fs('rename-at', storage, 'a', image, 'a'), 'cross-device');
  t.is(app.fs('unlink-file-at', storage, '.'), 'busy');
  t.is(open(storage, 'new', CREATE | DIRECTORY, READ), 'invalid');
  t.is(open(storage, 'new/', CREATE, READ | WRITE), 'is-directory');
});

test('streams read to the end, write where they stand, append, and say which error it was', (t) => {
  const { app, image, storage, open, read } = guest();
  const input = app.fs('read-via-stream', open(image, 'data/list'), 4n);
  const next = (): Value => app.call('io/streams', '[method]input-stream.blocking-read', input, 4n);
  t.deepEqual(next(), { index: 0, value: text('4567') });
  t.deepEqual(next(), { index: 0, value: text('89') });
  t.deepEqual(next(), { index: 1, value: { index: 1, value: undefined } }, 'closed');
  const file = open(storage, 'a', CREATE, READ | WRITE);
  const write = (stream: Value, bytes: Uint8Array): Case =>
    app.call('io/streams', '[method]output-stream.blocking-write-and-flush', stream, bytes) as Case;
  const output = app.fs('write-via-stream', file, 2n);
  write(output, text('ab'));
  write(output, text('cd'));
  write(app.fs('append-via-stream', file), text('!'));
  t.is(read(file), '\0\0abcd!');
  const failed = write(app.fs('append-via-stream', file), new Uint8Array(QUOTA));
  t.is(failed.index, 1);
  const error = (failed.value as Case).value as number;
  t.is(app.call('io/error', '[method]error.to-debug-string', error), 'insufficient-space');
  t.like(app.call('filesystem/types', 'filesystem-error-code', error), { index: 1, value: 23 });
});

test('a descriptor knows what it is, and two of one object are the same', (t) => {
  const { app, image, storage, open } = guest();
  const [a, again, other] = [open(image, 'readme'), open(image, './data/../readme'), open(image, 'data/list')];
  const same = (x: Value, y: Value): Value => app.call('filesystem/types', '[method]descriptor.is-same-object', x, y);
  t.true(same(a, again));
  t.false(same(a, other));
  t.deepEqual(app.fs('metadata-hash', a), app.fs('metadata-hash-at', image, 0, 'readme'));
  t.notDeepEqual(app.fs('metadata-hash', image), app.fs('metadata-hash', storage));
  t.is(app.fs('get-flags', a), READ);
  t.is(app.fs('get-flags', storage), READ | MUTATE);
  t.is(app.fs('get-type', a), 6);
  t.is(app.fs('get-type', image), 3);
  t.is(app.fs('advise', a, 0n, 9n, 0), undefined);
  t.is(app.fs('read', image, 1n, 0n), 'is-directory');
  t.is(app.fs('open-at', a, 0, 'x', 0, READ), 'not-directory');
});

test('a sync reaches the broker, and nothing else makes one', (t) => {
  const { app, device, storage, open } = guest();
  const file = open(storage, 'a', CREATE, READ | WRITE);
  app.fs('write', file, text('x'), 0n);
  app.drop('filesystem/types', 'descriptor', file as number);
  t.is(device.syncs, 0);
  t.is(app.fs('sync', open(storage, 'a')), undefined);
  t.is(app.fs('sync-data', open(storage, 'a')), undefined);
  t.is(device.syncs, 2);
});

test('descriptors are bounded, and a dropped one makes room', (t) => {
  const { app, image, open } = guest();
  const held: Value[] = [];
  for (let n = 2; n < DESCRIPTORS_MAX; n++) held.push(open(image, 'readme'));
  t.is(open(image, 'readme'), 'insufficient-memory');
  app.drop('filesystem/types', 'descriptor', held[0] as number);
  t.is(typeof open(image, 'readme'), 'number');
});
