import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { ByteWriter } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { decodeImageFiles, encodeImageFiles } from './image-files.ts';
import { IMAGE_FILES_MAX_COUNT } from './limits.ts';

const encoder = new TextEncoder();
const segment = fc.stringMatching(/^[a-zé][a-z0-9é]{0,8}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));

test('decodeImageFiles() gives back every file that encodeImageFiles() was given', (t) => {
  const law = fc.property(fc.dictionary(path, fc.uint8Array()), (files) => {
    const map = new Map(Object.entries(files));
    const decoded = decodeImageFiles(encodeImageFiles(map));
    t.deepEqual([...decoded.keys()], [...map.keys()].sort());
    for (const [name, bytes] of map) t.deepEqual(decoded.get(name), bytes);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('no files are no bytes', (t) => {
  t.is(encodeImageFiles(new Map()).length, 0);
  t.is(decodeImageFiles(new Uint8Array(0)).size, 0);
});

/** A file list, entry by entry, as a hostile packer would write it. */
function list(paths: readonly (string | Uint8Array)[], version = 1): Uint8Array {
  const writer = new ByteWriter().u16(version).u16(paths.length);
  for (const name of paths) {
    const bytes = typeof name === 'string' ? encoder.encode(name) : name;
    writer.u16(bytes.length).bytes(bytes).u32(1).u8(7);
  }
  return writer.finish();
}

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['a path up and out', list(['../key']), 'file-path-malformed'],
  ['a path up in the middle', list(['a/../../key']), 'file-path-malformed'],
  ['an absolute path', list(['/etc/passwd']), 'file-path-malformed'],
  ['a doubled slash', list(['a//b']), 'file-path-malformed'],
  ['a slash at the end', list(['a/']), 'file-path-malformed'],
  ['a dot segment, a second spelling of one file', list(['./a']), 'file-path-malformed'],
  ['a backslash, a separator on Windows', list(['a\\b']), 'file-path-malformed'],
  ['a NUL, where C ends a string', list(['a\0b']), 'file-path-malformed'],
  ['an empty path', list(['']), 'file-path-malformed'],
  ['a path that is not UTF-8', list([Uint8Array.of(0xff)]), 'file-path-malformed'],
  ['a path over the bound', list(['a'.repeat(256)]), 'file-path-malformed'],
  ['one path twice', list(['a', 'a']), 'files-not-sorted'],
  ['paths in falling order', list(['b', 'a']), 'files-not-sorted'],
  ['a version that is not known', list(['a'], 2), 'files-version-unsupported'],
  [
    'a count over the bound',
    new ByteWriter()
      .u16(1)
      .u16(IMAGE_FILES_MAX_COUNT + 1)
      .finish(),
    'files-too-many',
  ],
  ['bytes after the last file', Uint8Array.of(...list(['a']), 0), 'layout-trailing-bytes'],
  ['a file that is cut short', list(['a']).subarray(0, 10), 'layout-truncated'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeImageFiles() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeImageFiles(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('encodeImageFiles() refuses a path that its reader would refuse', (t) => {
  for (const bad of ['../a', 'a\\b', '/a', 'é'.repeat(128)]) {
    const error = t.throws(() => encodeImageFiles(new Map([[bad, new Uint8Array(1)]])), { instanceOf: CodedError });
    t.is(error?.code, 'file-path-malformed');
  }
});

test('decodeImageFiles() throws nothing but its own codes, whatever the bytes', (t) => {
  const seed = encodeImageFiles(
    new Map([
      ['a/b.txt', encoder.encode('hello')],
      ['c', new Uint8Array(40)],
    ]),
  );
  codedErrorsOnly(
    t,
    decodeImageFiles,
    [seed],
    [
      'files-version-unsupported',
      'files-too-many',
      'file-path-malformed',
      'files-not-sorted',
      'layout-truncated',
      'layout-trailing-bytes',
    ],
  );
});
