import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256 } from '@noble/curves/nist.js';
import test from 'ava';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { decodeImage, encodeImage } from '../../contracts/core/image.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { ensureSigningKey, readSigningKey } from './signing-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'casemate-key-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const app = encodeImage(
  {
    kind: 'application',
    rollbackIndex: 0,
    componentId: '01234567-89ab-4cde-8f01-23456789abcd' as ComponentId,
    grantBytes: encodeGrants({ memoryBytes: 65536, gpioPins: [] }),
    component: Uint8Array.of(1),
  },
  sha256,
);

test('ensureSigningKey() makes one key, however many ask for it at once', async (t) => {
  const path = join(folder, 'shared.pem');
  const keys = await Promise.all(Array.from({ length: 4 }, () => ensureSigningKey(path)));
  for (const key of keys) t.deepEqual(key.publicKey, keys[0]?.publicKey);
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('signImage() signs as publisher, once a key', async (t) => {
  const key = await ensureSigningKey(join(folder, 'signer.pem'));
  const other = await ensureSigningKey(join(folder, 'other.pem'));
  const { signatures, signedBytes } = decodeImage(key.signImage(other.signImage(key.signImage(app))), sha256);
  t.deepEqual(
    signatures.map(({ role, keyId }) => [role, keyId]),
    [
      ['publisher', other.keyId],
      ['publisher', key.keyId],
    ],
  );
  t.true(p256.verify(signatures[1]?.signature ?? new Uint8Array(0), signedBytes, key.publicKey));
});

const pem = (curve: string): string =>
  generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const BAD: readonly (readonly [string, string])[] = [
  ['no key', 'nothing'],
  ['no bytes', ''],
  ['a key on another curve', pem('P-384')],
  ['a key with words around it', `mine:\n${pem('P-256')}`],
  ['a key without its end', pem('P-256').slice(0, 120)],
  ['far too much', pem('P-256').repeat(40)],
];
for (const [what, content] of BAD) {
  test(`readSigningKey() refuses a file with ${what}`, async (t) => {
    const path = join(folder, `${sha256(new TextEncoder().encode(content)).join('')}.pem`);
    writeFileSync(path, content, { mode: 0o600 });
    t.like(await t.throwsAsync(readSigningKey(path)), { code: 'signing-key-malformed' });
  });
}

test('readSigningKey() refuses a key that others can read', async (t) => {
  const path = join(folder, 'exposed.pem');
  await ensureSigningKey(path);
  chmodSync(path, 0o644);
  t.like(await t.throwsAsync(readSigningKey(path)), { code: 'signing-key-exposed' });
});
