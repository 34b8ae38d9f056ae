import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { p256 } from '@noble/curves/nist.js';
import test from 'ava';
import fc from 'fast-check';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import type { ImageKind } from '../../contracts/core/image.ts';
import { IMAGE_KIND, decodeImage, encodeImage, withSignatures } from '../../contracts/core/image.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { FileKeyStore } from '../adapters/file-key-store.ts';
import { signImage } from './sign-image.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const folder = mkdtempSync(join(tmpdir(), 'casemate-sign-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const keys = new FileKeyStore(join(folder, 'keys'));
test.before(() => keys.makeMissingKeys());

function image(kind: ImageKind): Uint8Array {
  const grantBytes = kind === 'application' ? encodeGrants({ memoryBytes: 65536, gpioPins: [9] }) : new Uint8Array(0);
  const componentId = '01234567-89ab-4cde-8f01-23456789abcd' as ComponentId;
  return encodeImage({ kind, rollbackIndex: 1, componentId, grantBytes, component: Uint8Array.of(1, 2, 3) }, sha256);
}

const KEY_OF_ROLE = { platform: 'platform', service: 'service-image' } as const;
for (const role of ['platform', 'service'] as const) {
  for (const kind of Object.keys(IMAGE_KIND) as ImageKind[]) {
    const isAllowed = (kind === 'application') === (role === 'service');
    test(`signImage() ${isAllowed ? 'signs' : 'refuses to sign'} an image of kind ${kind} as ${role}`, async (t) => {
      if (!isAllowed) {
        const error = await t.throwsAsync(signImage(image(kind), role, keys, sha256));
        t.like(error, { code: 'image-kind-not-for-role' });
        return;
      }
      const signed = decodeImage(await signImage(image(kind), role, keys, sha256), sha256);
      const signer = await keys.signer(KEY_OF_ROLE[role]);
      const [only] = signed.signatures;
      t.is(signed.signatures.length, 1);
      t.is(only?.role, role);
      t.deepEqual(only?.keyId, signer.keyId);
      const signature = only?.signature ?? new Uint8Array(0);
      const key = { key: createPublicKey(signer.publicKeyPem), dsaEncoding: 'ieee-p1363' } as const;
      t.true(verify('sha256', signed.signedBytes, key, signature));
      t.true(p256.verify(signature, signed.signedBytes, signer.publicKey));
    });
  }
}

test('signImage() keeps the signatures of others and replaces its own', async (t) => {
  const others = (['publisher', 'service'] as const).map((role) => {
    const key = { keyId: new Uint8Array(32).fill(7), signature: new Uint8Array(64).fill(9) };
    return { role, algorithm: 'ecdsa-p256-sha256', ...key } as const;
  });
  const before = withSignatures(image('application'), encodeSignatures(others));
  const once = await signImage(before, 'service', keys, sha256);
  const twice = decodeImage(await signImage(once, 'service', keys, sha256), sha256);
  t.deepEqual(
    twice.signatures.map(({ role }) => role),
    ['publisher', 'service', 'service'], // the second service key is that of a rotation
  );
  t.deepEqual(twice.signatures[0]?.signature, others[0]?.signature);
});

test('signImage() says when no slot is left', async (t) => {
  const other = { role: 'publisher', algorithm: 'ecdsa-p256-sha256', signature: new Uint8Array(64).fill(9) } as const;
  const eight = Array.from({ length: 8 }, (_, index) => ({ ...other, keyId: new Uint8Array(32).fill(index) }));
  const full = withSignatures(image('os'), encodeSignatures(eight));
  t.like(await t.throwsAsync(signImage(full, 'platform', keys, sha256)), { code: 'image-signatures-full' });
});

test('signImage() does not sign a package whose component was changed', async (t) => {
  const changed = image('os');
  changed[changed.length - 1] = 9;
  t.like(await t.throwsAsync(signImage(changed, 'platform', keys, sha256)), { code: 'image-digest-mismatch' });
});

test('signImage() answers hostile bytes with a code or not at all', async (t) => {
  const good = image('monitor');
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, flip]) => good.map((byte, index) => (index === at ? byte ^ flip : byte)));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), async (bytes) => {
      try {
        await signImage(bytes, 'platform', keys, sha256);
      } catch (error) {
        return error instanceof CodedError;
      }
      return true;
    }),
    { numRuns: 200 },
  );
  t.pass();
});
