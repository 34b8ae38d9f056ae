import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, chmodSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { leftOut } from '../../test/support/left-out.ts';
import { openServiceFolder } from './service-folder.ts';

const base = mkdtempSync(join(tmpdir(), 'casemate-service-'));
test.after.always(() => rmSync(base, { recursive: true, force: true }));
const DAY_MS = 24 * 60 * 60 * 1000;
const START = Date.now();
const at = (days: number) => ({ nowMs: () => START + days * DAY_MS });
const made = join(base, 'made');
test.before(async () => {
  await openServiceFolder(made, at(0));
});
let count = 0;
function copy(): string {
  const folder = join(base, `copy-${count++}`);
  cpSync(made, folder, { recursive: true });
  return folder;
}
const read = (state: string, file: string): string => readFileSync(join(state, 'service', file), 'utf8');
const certificate = (state: string, file: string): X509Certificate => new X509Certificate(read(state, file));

test('what has a private key in it is for the owner alone', (t) => {
  t.is(statSync(join(made, 'service')).mode & 0o777, 0o700);
  for (const file of readdirSync(join(made, 'service'))) {
    if (!read(made, file).includes('PRIVATE KEY')) continue;
    t.is(statSync(join(made, 'service', file)).mode & 0o777, 0o600, file);
  }
});

test('a second start uses the certificates of the first', async (t) => {
  const state = copy();
  await openServiceFolder(state, at(1));
  for (const file of ['operator.pem', 'server.pem', 'operator-ca.pem', 'tls-ca.pem'])
    t.is(read(state, file), read(made, file));
});

test('operator and server certificates live for 90 days and are renewed in their last third', async (t) => {
  const state = copy();
  const before = certificate(state, 'operator.pem');
  t.true(before.validToDate.getTime() <= START + 90 * DAY_MS);
  await openServiceFolder(state, at(59));
  t.is(certificate(state, 'operator.pem').serialNumber, before.serialNumber);
  await openServiceFolder(state, at(61));
  const after = certificate(state, 'operator.pem');
  t.not(after.serialNumber, before.serialNumber);
  t.true(after.verify(certificate(state, 'operator-ca.pem').publicKey));
  t.not(certificate(state, 'server.pem').serialNumber, certificate(made, 'server.pem').serialNumber);
});

test('the two trees have nothing to do with each other', (t) => {
  const [operatorCa, tlsCa] = [certificate(made, 'operator-ca.pem'), certificate(made, 'tls-ca.pem')];
  t.false(certificate(made, 'operator.pem').verify(tlsCa.publicKey));
  t.false(certificate(made, 'server.pem').verify(operatorCa.publicKey));
  t.true(tlsCa.verify(certificate(made, 'root-ca.pem').publicKey));
  t.true(operatorCa.verify(operatorCa.publicKey));
});

type Spoil = (state: string) => void;
const SPOILT: readonly (readonly [string, Spoil, string])[] = [
  // Another CA key would shut every operator out that has a certificate, without a word.
  ['a lost operator CA key', (state) => rmSync(join(state, 'service/operator-ca.key.pem')), 'authority-file-missing'],
  [
    'another CA key',
    (state) => cpSync(join(state, 'service/tls-ca.key.pem'), join(state, 'service/operator-ca.key.pem')),
    'authority-file-changed',
  ],
  [
    'a CA key that others can read',
    (state) => chmodSync(join(state, 'service/tls-ca.key.pem'), 0o644),
    'authority-file-exposed',
  ],
  [
    'an operator key that others can read',
    (state) => chmodSync(join(state, 'service/operator.pem'), 0o640),
    'authority-file-exposed',
  ],
  [
    'a CA certificate cut short',
    (state) => writeFileSync(join(state, 'service/tls-ca.pem'), 'cut'),
    'authority-file-malformed',
  ],
];
for (const [what, spoil, code] of SPOILT) {
  test(`a folder with ${what} is not opened`, async (t) => {
    const state = copy();
    spoil(state);
    await t.throwsAsync(openServiceFolder(state, at(0)), { code });
  });
}

test('a spoilt operator certificate is made anew', async (t) => {
  const state = copy();
  writeFileSync(join(state, 'service/operator.pem'), 'cut', { mode: 0o600 });
  await openServiceFolder(state, at(0));
  t.is(certificate(state, 'operator.pem').subject, 'CN=operator');
});

test('openssl verifies both chains, strictly and for their purpose alone', (t) => {
  const verify = (purpose: string, ca: string, leaf: string, between: readonly string[] = []): boolean => {
    const args = [
      'verify',
      '-x509_strict',
      '-purpose',
      purpose,
      '-CAfile',
      ca,
      ...between.flatMap((file) => ['-untrusted', file]),
      leaf,
    ];
    try {
      execFileSync('openssl', args, { cwd: join(made, 'service'), stdio: 'pipe' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      return false;
    }
  };
  try {
    t.true(verify('sslclient', 'operator-ca.pem', 'operator.pem'));
  } catch {
    return leftOut(t, 'openssl', 'apt-get install openssl');
  }
  t.true(verify('sslserver', 'root-ca.pem', 'server.pem', ['tls-ca.pem']));
  t.false(verify('sslserver', 'operator-ca.pem', 'operator.pem'));
  t.false(verify('sslclient', 'root-ca.pem', 'server.pem', ['tls-ca.pem']));
  t.false(verify('sslclient', 'root-ca.pem', 'operator.pem', ['tls-ca.pem']));
});
