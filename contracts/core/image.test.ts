import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { concatBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import { encodeGrants } from './grants.ts';
import { parseComponentId } from './ids.ts';
import type { ComponentId } from './ids.ts';
import type { ImageKind, ImageParts } from './image.ts';
import { decodeImage, encodeImage, IMAGE_HEADER_BYTES, IMAGE_KIND, NO_CATALOG, withSignatures } from './image.ts';
import { encodeSignatures } from './image-signatures.ts';
import { GRANTS_MAX_BYTES, IMAGE_MAX_BYTES, MANIFEST_MAX_BYTES, METADATA_MAX_BYTES } from './limits.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const ID = parseComponentId('25025d2c-66da-4448-bae1-ac26fcdd3627') as ComponentId;
const GRANTS = encodeGrants({ memoryBytes: 262144, gpioPins: [8, 12] });
const PARTS: ImageParts = {
  kind: 'application',
  rollbackIndex: 3,
  componentId: ID,
  grantBytes: GRANTS,
  metadata: Uint8Array.of(1),
  manifest: Uint8Array.of(2, 2),
  component: Uint8Array.of(3, 3, 3),
  files: new Uint8Array(0),
};
const GOOD = encodeImage(PARTS, sha256);
const SIGNATURE = {
  role: 'publisher',
  algorithm: 'ecdsa-p256-sha256',
  keyId: new Uint8Array(32),
  signature: new Uint8Array(64),
} as const;

const decode = (bytes: Uint8Array) => decodeImage(bytes, sha256);

test('decodeImage() gives back every part that encodeImage() was given', (t) => {
  const section = fc.uint8Array({ maxLength: 64 });
  const parts = fc.record({
    kind: fc.constantFrom(...(Object.keys(IMAGE_KIND) as ImageKind[])),
    rollbackIndex: fc.integer({ min: 0, max: 0xffff_ffff }),
    metadata: section,
    manifest: section,
    component: section,
    files: section,
  });
  const law = fc.property(parts, (given) => {
    const image = decode(encodeImage({ ...given, componentId: ID, grantBytes: GRANTS }, sha256));
    t.like(image, { kind: given.kind, rollbackIndex: given.rollbackIndex, componentId: ID, catalogId: NO_CATALOG });
    for (const name of ['metadata', 'manifest', 'component', 'files'] as const) t.deepEqual(image[name], given[name]);
    t.is(image.grants?.memoryBytes, given.kind === 'application' ? 262144 : undefined);
    t.deepEqual(image.signatures, []);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 50 }));
});

test('every bit of an unsigned image is covered: flipping one is refused or changes the image id', (t) => {
  const { imageId } = decode(GOOD);
  for (let bit = 0; bit < GOOD.length * 8; bit++) {
    const flipped = GOOD.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      t.not(decode(flipped).imageId, imageId, `bit ${bit}`);
    } catch (error) {
      t.true(error instanceof CodedError, `bit ${bit}`);
    }
  }
});

test('the image id is made of the content: same parts, same id; a UUID of version 8', (t) => {
  t.is(decode(encodeImage(PARTS, sha256)).imageId, decode(GOOD).imageId);
  t.regex(decode(GOOD).imageId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('signatures can be added and replaced without a change to what they sign', (t) => {
  const signed = withSignatures(GOOD, encodeSignatures([SIGNATURE]));
  t.is(decode(signed).signatures.length, 1);
  t.deepEqual(decode(signed).signedBytes, decode(GOOD).signedBytes);
  t.is(decode(signed).imageId, decode(GOOD).imageId);
  t.deepEqual(withSignatures(signed, new Uint8Array(0)), GOOD);
});

test('the signed bytes begin with a context that no other signature has, then header and grants', (t) => {
  const { signedBytes } = decode(GOOD);
  t.is(new TextDecoder().decode(signedBytes.subarray(0, 18)), 'casemate image v1\0');
  t.deepEqual(signedBytes.subarray(18), GOOD.subarray(0, IMAGE_HEADER_BYTES + GRANTS.length));
});

/** The good image with bytes put over a place of it. */
function patched(at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = GOOD.slice();
  copy.set(bytes, at);
  return copy;
}
// Places in the header: kind 6, flags 12, lengths 48 (grants, metadata, manifest, component, files), digests 68, zeros from 196.
const refused: readonly (readonly [why: string, bytes: Uint8Array, code: string])[] = [
  ['another magic', patched(0, 0x4d), 'image-magic-wrong'],
  ['a version that is not known', patched(4, 2), 'image-version-unsupported'],
  ['a kind that is not known', patched(6, 9), 'image-kind-unknown'],
  ['flags, which have no meaning yet', patched(12, 1), 'image-header-malformed'],
  ['a reserved byte that is not zero', patched(255, 1), 'image-header-malformed'],
  ['a digest that is not that of its section', patched(68, 0xff, 0xff), 'image-digest-mismatch'],
  ['a component that was changed', patched(GOOD.length - 1, 9), 'image-digest-mismatch'],
  ['grants over their bound', patched(48, 0xff, 0xff, 0xff, 0xff), 'image-section-too-large'],
  ['metadata over its bound', patched(52, 0xff, 0xff, 0xff, 0xff), 'image-section-too-large'],
  ['a manifest over its bound', patched(56, 0xff, 0xff, 0xff, 0xff), 'image-section-too-large'],
  ['a component over its bound', patched(60, 0xff, 0xff, 0xff, 0xff), 'image-section-too-large'],
  ['files over their bound', patched(64, 0xff, 0xff, 0xff, 0xff), 'image-section-too-large'],
  ['a component that is longer than the package', patched(60, 0xff), 'image-truncated'],
  ['a header that is cut short', GOOD.subarray(0, 255), 'image-truncated'],
  ['a body that is cut short', GOOD.subarray(0, GOOD.length - 1), 'image-truncated'],
  ['no bytes', new Uint8Array(0), 'image-truncated'],
  ['an app without grants', encodeImage({ ...PARTS, grantBytes: new Uint8Array(0) }, sha256), 'layout-truncated'],
  [
    'bytes after the sections that are no signatures',
    concatBytes(GOOD, Uint8Array.of(1, 0, 9)),
    'signature-role-unknown',
  ],
];
for (const [why, bytes, code] of refused) {
  test(`decodeImage() refuses ${why}`, (t) => {
    t.is(t.throws(() => decode(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('decodeImage() looks at the size before anything else', (t) => {
  const huge = new Uint8Array(IMAGE_MAX_BYTES + 1);
  t.is(t.throws(() => decodeImage(huge, () => t.fail('hashed')), { instanceOf: CodedError })?.code, 'image-too-large');
});

test('the bounds of the sections are those of limits.ts, to the byte', (t) => {
  const bounds = [
    ['metadata', METADATA_MAX_BYTES],
    ['manifest', MANIFEST_MAX_BYTES],
  ] as const;
  for (const [name, max] of bounds) {
    t.notThrows(() => decode(encodeImage({ ...PARTS, [name]: new Uint8Array(max) }, sha256)));
    const over = encodeImage({ ...PARTS, [name]: new Uint8Array(max + 1) }, sha256);
    t.is(t.throws(() => decode(over), { instanceOf: CodedError })?.code, 'image-section-too-large');
  }
  const grants = encodeImage({ ...PARTS, grantBytes: new Uint8Array(GRANTS_MAX_BYTES + 1) }, sha256);
  t.is(t.throws(() => decode(grants), { instanceOf: CodedError })?.code, 'image-section-too-large');
});

test('withSignatures() refuses a package that is cut short', (t) => {
  const cut = t.throws(() => withSignatures(GOOD.subarray(0, GOOD.length - 1), new Uint8Array(0)), {
    instanceOf: CodedError,
  });
  t.is(cut?.code, 'image-truncated');
  const header = t.throws(() => withSignatures(GOOD.subarray(0, 100), new Uint8Array(0)), { instanceOf: CodedError });
  t.is(header?.code, 'layout-truncated');
});

test('decodeImage() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes = [
    'image-too-large',
    'image-truncated',
    'image-magic-wrong',
    'image-version-unsupported',
    'image-kind-unknown',
  ];
  codes.push('image-header-malformed', 'image-section-too-large', 'image-digest-mismatch', 'signatures-too-large');
  codes.push('signature-role-unknown', 'signature-algorithm-unknown', 'signature-malformed', 'layout-truncated');
  codes.push('layout-trailing-bytes', 'grants-too-large', 'grants-version-unsupported', 'grants-kind-unknown');
  codes.push('grants-record-malformed', 'grants-not-canonical', 'grants-memory-missing');
  codedErrorsOnly(t, decode, [GOOD, withSignatures(GOOD, encodeSignatures([SIGNATURE]))], codes);
});
