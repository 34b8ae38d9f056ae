import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Authority } from './authority-folder.ts';
import { withAuthority } from './authority-folder.ts';
import { holdingFolder } from './folder-lock.ts';

const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
const base = mkdtempSync(join(tmpdir(), 'casemate-authority-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const made = join(base, 'made');
test.before(() => withAuthority(made, { clock, mayMake: true }, async () => undefined));

let count = 0;
/** A copy of a good authority, for one test to spoil. */
function copy(): string {
  const folder = join(base, `copy-${count++}`);
  cpSync(made, folder, { recursive: true });
  return folder;
}

function open(folder: string, mayMake = true): Promise<Authority> {
  return withAuthority(folder, { clock, mayMake }, async (authority) => authority);
}

test('private keys are for the owner alone', (t) => {
  t.is(statSync(join(made, 'keys')).mode & 0o777, 0o700);
  const files = readdirSync(join(made, 'keys'));
  t.is(files.length, 10);
  for (const file of files) t.is(statSync(join(made, 'keys', file)).mode & 0o777, 0o600, file);
});

test('an authority that is opened again has the same keys', async (t) => {
  t.deepEqual((await open(made)).anchors, (await open(made, false)).anchors);
});

test('nothing is made where nothing may be made', async (t) => {
  const folder = join(base, 'nowhere');
  t.like(await t.throwsAsync(open(folder, false)), { code: 'authority-not-initialized' });
  t.throws(() => statSync(folder));
});

test('a making that was cut short goes on with the keys that it had', async (t) => {
  const folder = join(base, 'cut');
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 });
  cpSync(join(made, 'keys', 'platform.pem'), join(folder, 'keys', 'platform.pem'));
  const { anchors } = await open(folder);
  t.is(anchors.platformKey, (await open(made)).anchors.platformKey);
  t.not(anchors.timeKey, (await open(made)).anchors.timeKey);
});

const otherKey = (curve: string): string =>
  generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** The record without this key, as a version before it wrote. */
function unrecord(folder: string, name: string): void {
  const path = join(folder, 'authority.json');
  const record = JSON.parse(readFileSync(path, 'utf8')) as { digests: Record<string, string> };
  delete record.digests[`keys/${name}.pem`];
  writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
}

test('an authority of an earlier version gets the keys that it never had, once', async (t) => {
  const folder = copy();
  unrecord(folder, 'device-claim');
  rmSync(join(folder, 'keys/device-claim.pem'));
  const { anchors } = await open(folder, false);
  t.not(anchors.deviceClaimKey, (await open(made)).anchors.deviceClaimKey);
  t.deepEqual((await open(folder, false)).anchors, anchors);
  t.is(statSync(join(folder, 'keys/device-claim.pem')).mode & 0o777, 0o600);
  rmSync(join(folder, 'keys/device-claim.pem'));
  t.like(await t.throwsAsync(open(folder)), { code: 'authority-file-missing' });
});

test('an upgrade that was cut short before the record goes on with its key', async (t) => {
  const folder = copy();
  unrecord(folder, 'device-claim');
  t.is((await open(folder, false)).anchors.deviceClaimKey, (await open(made)).anchors.deviceClaimKey);
});

type Spoil = (folder: string) => void;
const write =
  (file: string, text: string): Spoil =>
  (folder) =>
    writeFileSync(join(folder, file), text, { mode: 0o600 });
const remove =
  (file: string): Spoil =>
  (folder) =>
    rmSync(join(folder, file));
const edit =
  (file: string, change: (text: string) => string): Spoil =>
  (folder) =>
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')));

const SPOILT: readonly (readonly [string, Spoil, string])[] = [
  // Making a new key in place of a lost one would cut off every device that exists.
  ['a lost key', remove('keys/platform.pem'), 'authority-file-missing'],
  ['a key of somebody else', write('keys/platform.pem', otherKey('P-256')), 'authority-file-changed'],
  ['a key on another curve', write('keys/platform.pem', otherKey('P-384')), 'authority-file-malformed'],
  ['text after a key', edit('keys/time.pem', (pem) => `${pem}\n# mine`), 'authority-file-malformed'],
  ['half a key', edit('keys/ca-root.pem', (pem) => pem.slice(0, 100)), 'authority-file-malformed'],
  ['an empty key file', write('keys/tuf-root.pem', ''), 'authority-file-malformed'],
  ['a very long key file', write('keys/tuf-root.pem', 'x'.repeat(10_000)), 'authority-file-malformed'],
  ['a key that others can read', (folder) => chmodSync(join(folder, 'keys/time.pem'), 0o640), 'authority-file-exposed'],
  [
    'a link in place of a key',
    (folder) => {
      rmSync(join(folder, 'keys/time.pem'));
      symlinkSync(join(made, 'keys/time.pem'), join(folder, 'keys/time.pem'));
    },
    'authority-folder-unusable',
  ],
  ['another root certificate', edit('root-ca.der', () => 'certificate'), 'authority-file-changed'],
  [
    'a TUF root with a changed version',
    edit('tuf-root-1.json', (json) => json.replace('"version": 1', '"version": 2')),
    'authority-file-changed',
  ],
  ['a record that is cut short', edit('authority.json', (json) => json.slice(0, 40)), 'authority-file-malformed'],
  [
    'a record of another version',
    edit('authority.json', (json) => json.replace('"version": 1', '"version": 2')),
    'authority-file-malformed',
  ],
  [
    'a record with a name less',
    edit('authority.json', (json) => json.replace('keys/time.pem', 'keys/other.pem')),
    'authority-file-changed',
  ],
  // Only keys that came later may be new: a first one without its line is a loss.
  [
    'a lost key whose line is lost too',
    (folder) => {
      unrecord(folder, 'time');
      rmSync(join(folder, 'keys/time.pem'));
    },
    'authority-file-missing',
  ],
  ['a record without digests', write('authority.json', '{"version":1}'), 'authority-file-malformed'],
  ['a record that is a list', write('authority.json', '[]'), 'authority-file-malformed'],
  // Starting again at 1 would make capabilities that devices take for replays.
  ['a lost serial', remove('capability-serial'), 'authority-file-missing'],
  ['a serial that is no number', write('capability-serial', 'many\n'), 'authority-file-malformed'],
  ['a negative serial', write('capability-serial', '-1\n'), 'authority-file-malformed'],
  ['a serial beyond 64 bits', write('capability-serial', '18446744073709551616\n'), 'authority-file-malformed'],
];
for (const [what, spoil, code] of SPOILT) {
  test(`an authority with ${what} is not opened`, async (t) => {
    const folder = copy();
    spoil(folder);
    t.like(await t.throwsAsync(open(folder)), { code });
  });
}

test('serials rise over processes, and end at 64 bits', async (t) => {
  const folder = copy();
  const next = () => withAuthority(folder, { clock, mayMake: false }, async ({ serials }) => serials.next());
  t.deepEqual([await next(), await next()], [1n, 2n]);
  write('capability-serial', '18446744073709551614\n')(folder);
  t.is(await next(), 0xffff_ffff_ffff_ffffn);
  t.like(await t.throwsAsync(next()), { code: 'capability-serials-exhausted' });
});

test('a file where the folder should be is said to be unusable', async (t) => {
  const folder = join(base, 'file');
  writeFileSync(folder, '');
  t.like(await t.throwsAsync(open(folder)), { code: 'authority-folder-unusable' });
});

test('whoever waits too long for the folder is told who it waits for', async (t) => {
  const folder = copy();
  await holdingFolder(folder, async () => {
    t.like(await t.throwsAsync(holdingFolder(folder, async () => undefined, 50)), { code: 'authority-busy' });
  });
  t.is(await holdingFolder(folder, async () => 'free again'), 'free again');
});

test('holdingFolder() lets work of one folder follow each other', async (t) => {
  const folder = copy();
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 5 }, () => holdingFolder(folder, work)));
  t.is(most, 1);
});
