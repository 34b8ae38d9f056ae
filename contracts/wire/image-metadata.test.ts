import { Packr } from 'msgpackr';
import test from 'ava';
import fc from 'fast-check';
import { codedErrorsOnly } from '../../test/support/coded-errors-only.ts';
import { CodedError } from '../core/coded-error.ts';
import { METADATA_MAX_BYTES } from '../core/limits.ts';
import type { ImageMetadata, ImageMetadataErrorCode } from './image-metadata.ts';
import { decodeImageMetadata, encodeImageMetadata } from './image-metadata.ts';

const GOOD: ImageMetadata = {
  name: 'Blink',
  version: '1.0.0',
  language: 'c',
  hardware: 'mt3620_rdb',
  sourceDigest: new Uint8Array(32).fill(7),
  createdAt: 1_790_000_000,
};
const packr = new Packr({ useRecords: false });
/** The good metadata as a map, with members of choice over it. */
const packed = (...over: readonly (readonly [string, unknown])[]) =>
  new Uint8Array(packr.pack(new Map<string, unknown>([['format', 1], ...Object.entries(GOOD), ...over])));

test('image metadata comes back as it was', (t) => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 });
  const printable = text.filter((given) => !/\p{Cc}/u.test(given));
  const metadata = fc.record(
    {
      name: printable.filter((given) => given.length > 0),
      version: fc.constantFrom('0.1.0', '1.2.3-rc.1', '10.0.0+build.7'),
      language: fc.constantFrom('c', 'c++', 'typescript'),
      hardware: printable,
      sourceDigest: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      createdAt: fc.integer({ min: 0, max: 253_402_300_799 }),
    },
    { requiredKeys: ['name', 'version', 'language', 'hardware'] },
  );
  const law = fc.property(metadata, (given) => {
    t.deepEqual(decodeImageMetadata(encodeImageMetadata(given)), given);
  });
  t.notThrows(() => fc.assert(law, { numRuns: 100 }));
});

test('the same metadata has the same bytes, in whatever order its keys were given', (t) => {
  const turned = Object.fromEntries(Object.entries(GOOD).reverse()) as unknown as ImageMetadata;
  t.deepEqual(encodeImageMetadata(turned), encodeImageMetadata(GOOD));
  t.deepEqual(packed(), encodeImageMetadata(GOOD));
});

const refused: readonly (readonly [why: string, bytes: Uint8Array, code: ImageMetadataErrorCode])[] = [
  ['an unknown key, which nobody would be shown', packed(['note', 'x']), 'metadata-not-canonical'],
  [
    'keys in another order',
    new Uint8Array(packr.pack(new Map<string, unknown>([...Object.entries(GOOD), ['format', 1]]))),
    'metadata-not-canonical',
  ],
  ['another format', packed(['format', 2]), 'metadata-format-unsupported'],
  ['no format', new Uint8Array(packr.pack(new Map(Object.entries(GOOD)))), 'metadata-format-unsupported'],
  ['a list', Uint8Array.of(0x90), 'metadata-malformed'],
  ['bytes after the map', Uint8Array.of(...packed(), 0), 'metadata-malformed'],
  ['no bytes', new Uint8Array(0), 'metadata-malformed'],
  ['a name of no characters', packed(['name', '']), 'metadata-value-wrong'],
  ['a name with a line end', packed(['name', 'a\nb']), 'metadata-value-wrong'],
  ['a name that is no text', packed(['name', 1]), 'metadata-value-wrong'],
  ['a version that is none', packed(['version', 'latest']), 'metadata-value-wrong'],
  ['a digest of 31 bytes', packed(['sourceDigest', new Uint8Array(31)]), 'metadata-value-wrong'],
  ['a digest as text', packed(['sourceDigest', 'x']), 'metadata-value-wrong'],
  ['a time of half a second', packed(['createdAt', 0.5]), 'metadata-value-wrong'],
  ['a time as text', packed(['createdAt', '2026']), 'metadata-value-wrong'],
  ['more bytes than the bound', new Uint8Array(METADATA_MAX_BYTES + 1), 'metadata-too-large'],
];
for (const [why, bytes, code] of refused) {
  test(`decodeImageMetadata() refuses ${why}`, (t) => {
    t.is(t.throws(() => decodeImageMetadata(bytes), { instanceOf: CodedError })?.code, code);
  });
}

test('encodeImageMetadata() refuses what its reader would refuse', (t) => {
  const error = t.throws(() => encodeImageMetadata({ ...GOOD, version: '1' }), { instanceOf: CodedError });
  t.is(error?.code, 'metadata-value-wrong');
});

test('decodeImageMetadata() throws nothing but its own codes, whatever the bytes', (t) => {
  const codes: ImageMetadataErrorCode[] = ['metadata-too-large', 'metadata-malformed', 'metadata-format-unsupported'];
  codes.push('metadata-value-wrong', 'metadata-not-canonical');
  codedErrorsOnly(t, decodeImageMetadata, [encodeImageMetadata(GOOD)], codes);
});
