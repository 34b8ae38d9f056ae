// The reader of TUF files: what form it asks for beyond the library's, and that nothing but its own error comes out.

import { createHash } from 'node:crypto';
import test from 'ava';
import { codedErrorsOnly } from '../../../test/support/coded-errors-only.ts';
import { TUF_ROLES, TufRepository } from '../../../test/support/tuf-repository.ts';
import type { TufRole } from './tuf-metadata.ts';
import {
  TUF_FILE_MAX_BYTES,
  checkFresh,
  childFacts,
  isChild,
  isSignedFor,
  readTufFile,
  readTufRoot,
} from './tuf-metadata.ts';

const NOW = 1_800_000_000;
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const repository = new TufRepository(NOW);
repository.release();
const FILES: Readonly<Record<TufRole, string>> = {
  root: '1.root.json',
  timestamp: 'timestamp.json',
  snapshot: '1.snapshot.json',
  targets: '1.targets.json',
};
const text = (role: TufRole): string => new TextDecoder().decode(repository.file(FILES[role]));
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = (role: TufRole, file: Uint8Array): unknown =>
  role === 'root' ? readTufRoot(file) : readTufFile(role, file);

for (const role of TUF_ROLES) {
  test(`readTufFile() gives ${role} metadata that the root vouches for`, (t) => {
    const file = readTufFile(role, repository.file(FILES[role]));
    t.is(file.signed.version, 1);
    t.is(file.expiresSeconds, repository.expires[role]);
    t.true(isSignedFor(readTufRoot(repository.file('1.root.json')), file));
  });
  test(`any bytes in place of ${role} metadata give one coded error`, (t) => {
    codedErrorsOnly(t, (file) => read(role, file), [repository.file(FILES[role])], ['update-metadata-malformed']);
  });
}

/** Changes of a good file; none of them has to do with its signatures. */
const MALFORMED: readonly (readonly [string, TufRole, string | RegExp, string])[] = [
  ['a version that is no whole number', 'timestamp', '"version":1,"expires"', '"version":1.5,"expires"'],
  ['version 0', 'timestamp', '"version":1,"expires"', '"version":0,"expires"'],
  ['a version as text', 'timestamp', '"version":1,"expires"', '"version":"1","expires"'],
  // The library compares dates: a date that is none is never reached.
  ['a date that is none', 'timestamp', /"expires":"[^"]*"/, '"expires":"never"'],
  ['a date of the right form that is none', 'timestamp', /"expires":"[^"]*"/, '"expires":"2027-13-40T00:00:00Z"'],
  ['a date without its zone', 'timestamp', /Z"/, '"'],
  ['another specification', 'timestamp', '"1.0.31"', '"2.0.0"'],
  // Which of the two was signed is for every reader to choose.
  ['one key twice', 'timestamp', '"version":1,"expires"', '"version":1,"version":1,"expires"'],
  ['a key that names the prototype', 'timestamp', '"version":1,"expires"', '"__proto__":{},"version":1,"expires"'],
  ['text after the end', 'timestamp', /$/, '{}'],
  ['a comment', 'timestamp', '{', '{/**/'],
  ['another role', 'timestamp', '"_type":"timestamp"', '"_type":"root"'],
  ['signatures that are no list', 'timestamp', /"signatures":\[.*?\]/, '"signatures":{}'],
  ['more levels than metadata has', 'targets', '"targets":{}', `"targets":${'{"a":'.repeat(40)}1${'}'.repeat(40)}`],
  ['a root without consistent snapshots', 'root', '"consistent_snapshot":true', '"consistent_snapshot":false'],
  ['a threshold of a half', 'root', '"threshold":1', '"threshold":1.5'],
  ['a threshold of nothing', 'root', '"threshold":1', '"threshold":0'],
  ['a root without a role', 'root', '"snapshot":{"keyids"', '"snapshat":{"keyids"'],
];
for (const [what, role, from, to] of MALFORMED) {
  test(`readTufFile() refuses ${what}`, (t) => {
    const changed = text(role).replace(from, to);
    t.not(changed, text(role));
    t.throws(() => read(role, bytes(changed)), { code: 'update-metadata-malformed' });
  });
}

test('readTufFile() refuses a file that the device could not keep, before it reads it', (t) => {
  const padded = (length: number): Uint8Array => bytes(text('timestamp').padEnd(length));
  t.notThrows(() => readTufFile('timestamp', padded(TUF_FILE_MAX_BYTES)));
  t.throws(() => readTufFile('timestamp', padded(TUF_FILE_MAX_BYTES + 1)), { code: 'update-metadata-malformed' });
});

test('checkFresh() ends a file in the second in which it expires', (t) => {
  const file = readTufFile('timestamp', repository.file('timestamp.json'));
  t.notThrows(() => checkFresh(file, file.expiresSeconds - 1));
  t.throws(() => checkFresh(file, file.expiresSeconds), { code: 'update-metadata-expired' });
});

test('isChild() compares what the parent names, and nothing that it does not', (t) => {
  const file = bytes('abc');
  const digest = createHash('sha256').update(file).digest('hex');
  t.true(isChild({ version: 1 }, file, sha256));
  t.true(isChild({ version: 1, length: 3, sha256: digest }, file, sha256));
  t.false(isChild({ version: 1, length: 4 }, file, sha256));
  t.false(isChild({ version: 1, sha256: digest.replace(/^./, 'x') }, file, sha256));
});

test('childFacts() wants SHA-256 where digests are named', (t) => {
  t.deepEqual(childFacts({ version: 2 }), { version: 2, length: undefined, sha256: undefined });
  t.throws(() => childFacts({ version: 2, hashes: { md5: '00' } }), { code: 'update-metadata-malformed' });
  t.throws(() => childFacts({ version: 2.5 }), { code: 'update-metadata-malformed' });
  t.throws(() => childFacts({ version: 2, length: 2.5 }), { code: 'update-metadata-malformed' });
});
