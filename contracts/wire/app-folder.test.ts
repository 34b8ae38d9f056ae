import test from 'ava';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { APP_FOLDER_DEFAULTS, APP_FOLDER_MAX_BYTES, checkAppFolder } from './app-folder.ts';

const bytesOf = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

test('checkAppFolder() fills in the defaults: an empty object means what no file means', (t) => {
  const verdict = checkAppFolder(bytesOf({}));
  t.deepEqual(verdict.ok ? verdict.folder : verdict.errors, APP_FOLDER_DEFAULTS);
});

test('checkAppFolder() reads every key', (t) => {
  const given = {
    language: 'c',
    entry: 'src/main.c',
    hardware: 'hw/board.json',
    files: ['certs', 'a.txt'],
    version: '1.2.0-rc.1',
    rollback: 4,
  };
  const verdict = checkAppFolder(bytesOf(given));
  t.deepEqual(verdict.ok ? verdict.folder : verdict.errors, given);
});

const refused: readonly (readonly [why: string, value: unknown, verdict: string])[] = [
  ['a key with a letter wrong', { rolback: 1 }, 'key-unknown $.rolback'],
  ['a list', [], 'value-type-wrong $'],
  ['a path out of the folder, to a key of the build machine', { files: ['../../.ssh'] }, 'value-malformed $.files[0]'],
  ['an absolute path', { entry: '/etc/passwd' }, 'value-malformed $.entry'],
  ['a path of Windows', { entry: 'src\\main.c' }, 'value-malformed $.entry'],
  ['a drive of Windows', { entry: 'c:main.c' }, 'value-malformed $.entry'],
  ['one file twice', { files: ['a', 'a'] }, 'value-duplicate $.files'],
  ['a language in capitals', { language: 'C' }, 'value-malformed $.language'],
  ['a version of two numbers', { version: '1.0' }, 'value-malformed $.version'],
  ['a version with leading zeros', { version: '01.0.0' }, 'value-malformed $.version'],
  ['a negative rollback index', { rollback: -1 }, 'value-out-of-range $.rollback'],
  ['a rollback index over 32 bits', { rollback: 2 ** 32 }, 'value-out-of-range $.rollback'],
  ['empty hardware', { hardware: '' }, 'value-out-of-range $.hardware'],
  ['a trailing comma', '{"rollback":1,}', 'json-trailing-comma $'],
  ['a file that is too large', ' '.repeat(APP_FOLDER_MAX_BYTES + 1), 'json-too-large $'],
];
for (const [why, value, verdict] of refused) {
  test(`checkAppFolder() refuses ${why}`, (t) => {
    t.deepEqual(
      checkAppFolder(bytesOf(value)).errors.map(({ code, path }) => `${code} ${path}`),
      [verdict],
    );
  });
}

test('checkAppFolder() never throws, whatever the bytes', (t) => {
  codedErrorsOnly(t, checkAppFolder, [bytesOf({ language: 'c', files: ['a'], rollback: 1 })], []);
});
