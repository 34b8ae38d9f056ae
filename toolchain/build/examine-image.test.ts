import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import test from 'ava';
import type { LayoutErrorCode } from '../../contracts/core/bytes.ts';
import type { GrantsErrorCode } from '../../contracts/core/grants.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { SignaturesErrorCode } from '../../contracts/core/image-signatures.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import type { ImageErrorCode } from '../../contracts/core/image.ts';
import { decodeImage, encodeImage, withSignatures } from '../../contracts/core/image.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import { encodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { TEST_MANIFEST } from '../../test/support/app-folder.ts';
import { moduleOf } from '../../test/support/core-modules.ts';
import { examineImage } from './examine-image.ts';
import { sha256 } from './package-app.ts';

/** Of `decodeImage`: nothing else may leave. */
const DECODE_CODES: readonly (ImageErrorCode | GrantsErrorCode | SignaturesErrorCode | LayoutErrorCode)[] = [
  'image-too-large',
  'image-truncated',
  'image-magic-wrong',
  'image-version-unsupported',
  'image-kind-unknown',
  'image-header-malformed',
  'image-section-too-large',
  'image-digest-mismatch',
  'grants-too-large',
  'grants-version-unsupported',
  'grants-kind-unknown',
  'grants-record-malformed',
  'grants-not-canonical',
  'grants-memory-missing',
  'signatures-too-large',
  'signature-role-unknown',
  'signature-algorithm-unknown',
  'signature-malformed',
  'layout-truncated',
  'layout-trailing-bytes',
  'layout-out-of-range',
];

const COMPONENT = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);

function image(changes: { pins?: number[]; metadata?: Uint8Array; component?: Uint8Array } = {}): Uint8Array {
  const manifest = { ...TEST_MANIFEST, Capabilities: { Gpio: [8] } };
  return encodeImage(
    {
      kind: 'application',
      rollbackIndex: 1,
      componentId: TEST_MANIFEST.ComponentId as ComponentId,
      grantBytes: encodeGrants({ memoryBytes: 65_536, gpioPins: changes.pins ?? [8] }),
      metadata:
        changes.metadata ?? encodeImageMetadata({ name: 'tested', version: '1.0.0', language: 'c', hardware: '' }),
      manifest: new TextEncoder().encode(JSON.stringify(manifest)),
      component: changes.component ?? COMPONENT,
    },
    sha256,
  );
}

function newKey(): { privateKey: KeyObject; publicKey: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey: new Uint8Array(spki.subarray(spki.length - 65)) };
}

function signed(bytes: Uint8Array, { privateKey, publicKey }: ReturnType<typeof newKey>, over = bytes): Uint8Array {
  const signature = toLowS(
    sign('sha256', decodeImage(over, sha256).signedBytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  );
  const block = encodeSignatures([
    { role: 'publisher', algorithm: 'ecdsa-p256-sha256', keyId: sha256(publicKey), signature },
  ]);
  return withSignatures(bytes, block);
}

test('examineImage() tells a valid signature from a wrong one and from one of an unknown key', (t) => {
  const key = newKey();
  const known = [{ name: 'mine', publicKey: key.publicKey }];
  const good = signed(image(), key);
  t.like(examineImage(good, known).signatures[0], { role: 'publisher', verdict: 'valid', keyName: 'mine' });
  t.is(examineImage(good).signatures[0]?.verdict, 'key-not-given');
  // The signature of one image under another.
  t.is(examineImage(signed(image({ pins: [8, 9] }), key, image()), known).signatures[0]?.verdict, 'wrong');
  t.deepEqual(examineImage(image(), known).signatures, []);
});

test('examineImage() tells when the grants are not those of the manifest', (t) => {
  t.true(examineImage(image()).grantsMatch.ok);
  t.like(examineImage(image({ pins: [8, 9] })).grantsMatch, { ok: false, code: 'grants-differ' });
});

test('examineImage() shows the other parts of an image when one does not hold', (t) => {
  const shown = examineImage(image({ metadata: Uint8Array.of(1), component: Uint8Array.of(2) }));
  t.like(shown, {
    metadata: { ok: false, code: 'metadata-malformed' },
    imports: { ok: false },
    manifest: { ok: true },
  });
});

test('examineImage() tells of an instruction that does not run on a device', (t) => {
  const atomicFence = moduleOf({ code: [0xfe, 0x03, 0x00, 0x0b] });
  const component = Uint8Array.of(...COMPONENT, 1, atomicFence.length, ...atomicFence);
  t.like(examineImage(image({ component })).imports, { ok: false, code: 'core-opcode-not-allowed' });
});

test('examineImage() answers every input with an examination or a coded error', (t) => {
  const parse = (bytes: Uint8Array): unknown => examineImage(bytes, [{ name: 'k', publicKey: new Uint8Array(65) }]);
  codedErrorsOnly(t, parse, [image(), signed(image(), newKey())], DECODE_CODES);
});
