// Packages of apps: same parts, same bytes; and a package for a catalog differs from the one for sideloading in its catalog alone.

import test from 'ava';
import { withSignatures, decodeImage, NO_CATALOG } from '../../contracts/core/image.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { parseComponentId } from '../../contracts/core/ids.ts';
import { resolveManifest } from '../../contracts/wire/manifest-package.ts';
import { TEST_MANIFEST } from '../../test/support/app-folder.ts';
import { parseManifest } from './app-source.ts';
import { loadHardware } from './hardware.ts';
import type { PackageParts } from './package-app.ts';
import { packageApp, packageForCatalog, sha256 } from './package-app.ts';

const CATALOG = guid('7b1f9a52-3d6e-4f3b-9a34-5c1e6c7f2a10');
const PARTS: PackageParts = {
  component: Uint8Array.of(0, 1, 2),
  manifest: manifestOf({ ...TEST_MANIFEST, Capabilities: { Gpio: ['$SAMPLE_LED'] } }),
  files: new Map([['a.txt', Uint8Array.of(65)]]),
  version: '1.0.0',
  rollback: 3,
  language: 'c',
  hardware: 'mt3620_rdb',
  sourceDigest: undefined,
  memoryLimitBytes: 65536,
  catalogId: undefined,
};

function manifestOf(manifest: object): PackageParts['manifest'] {
  const parsed = parseManifest(new TextEncoder().encode(JSON.stringify(manifest)));
  const verdict = resolveManifest(parsed, loadHardware({ from: 'disk', name: 'mt3620_rdb' }).hardware);
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.errors));
  return verdict.packaged;
}

function guid(text: string): ComponentId {
  const id = parseComponentId(text);
  if (id === undefined) throw new Error(text);
  return id;
}

test('the same parts make the same bytes, and rollback index and catalog stand in the header', (t) => {
  t.deepEqual(packageApp(PARTS), packageApp(PARTS));
  t.like(decodeImage(packageApp(PARTS).image, sha256), { rollbackIndex: 3, catalogId: NO_CATALOG });
  t.is(decodeImage(packageApp({ ...PARTS, catalogId: CATALOG }).image, sha256).catalogId, CATALOG);
});

test('a package for a catalog is the one that a build for it makes', (t) => {
  const built = packageApp({ ...PARTS, catalogId: CATALOG });
  t.deepEqual(packageForCatalog(packageApp(PARTS).image, CATALOG), built);
  t.not(built.imageId, packageApp(PARTS).imageId);
});

test('a package for a catalog has no signature: what they were over has changed', (t) => {
  const keyId = new Uint8Array(32).fill(1);
  const signature = new Uint8Array(64).fill(2);
  const slot = { role: 'publisher', algorithm: 'ecdsa-p256-sha256', keyId, signature } as const;
  const signed = withSignatures(packageApp(PARTS).image, encodeSignatures([slot]));
  t.deepEqual(decodeImage(packageForCatalog(signed, CATALOG).image, sha256).signatures, []);
});
