// The metadata section of an image: what people and fleets are told about it. Never what decides whether it may run: the header and
// the grants do.

import { Packr, Unpackr } from 'msgpackr';
import { sameBytes } from '../core/bytes.ts';
import { CodedError } from '../core/coded-error.ts';
import { METADATA_MAX_BYTES } from '../core/limits.ts';
import { NAME_MAX_CHARACTERS } from './manifest-schema.ts';
import { isLanguageName, isVersionText } from './version-text.ts';

/**
 * One MessagePack map with these keys in this order and the shortest form of every value: `format` = 1, `name`, `version`,
 * `language`, `hardware`, `sourceDigest` (binary, 32), `createdAt`. The last two may be absent: a reproducible build has no time.
 * There is one form only, and an unknown key is refused: the section is what a person reads before trusting an image, so it must
 * not hold anything that this reader does not show. A new key comes with a new `format`.
 */
export interface ImageMetadata {
  /** The manifest's Name. */
  readonly name: string;
  /** Semantic Versioning 2.0.0, as in `1.2.0-rc.1`; for people alone, the rollback index decides. */
  readonly version: string;
  /** Source language, as in `c` or `typescript`. */
  readonly language: string;
  /** The board or hardware definition that names were resolved with; empty when there was none. */
  readonly hardware: string;
  /** SHA-256 over the sources, 32 bytes. */
  readonly sourceDigest?: Uint8Array;
  /** Seconds since 1970-01-01 (UTC). */
  readonly createdAt?: number;
}

export type ImageMetadataErrorCode =
  | 'metadata-too-large'
  | 'metadata-malformed'
  | 'metadata-format-unsupported'
  | 'metadata-value-wrong'
  | 'metadata-not-canonical';
export class ImageMetadataError extends CodedError<ImageMetadataErrorCode> {}

const FORMAT = 1;
/** The keys, in the order of the bytes. */
export const METADATA_KEYS = [
  'format',
  'name',
  'version',
  'language',
  'hardware',
  'sourceDigest',
  'createdAt',
] as const;
const DIGEST_BYTES = 32;
const HARDWARE_MAX_CHARACTERS = 255;
/** The last second of the year 9999. */
const CREATED_MAX = 253_402_300_799;

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: false });

/** The one byte form. Errors: `metadata-value-wrong`, `metadata-too-large`. */
export function encodeImageMetadata(metadata: ImageMetadata): Uint8Array {
  checkValues(metadata);
  const { name, version, language, hardware, sourceDigest, createdAt } = metadata;
  const fields = new Map<string, unknown>([
    ['format', FORMAT],
    ['name', name],
    ['version', version],
    ['language', language],
    ['hardware', hardware],
  ]);
  if (sourceDigest !== undefined) fields.set('sourceDigest', new Uint8Array(sourceDigest));
  if (createdAt !== undefined) fields.set('createdAt', createdAt);
  const bytes = new Uint8Array(packr.pack(fields));
  if (bytes.length > METADATA_MAX_BYTES) throw new ImageMetadataError('metadata-too-large', `${bytes.length} bytes`);
  return bytes;
}

/** From bytes of any origin. Errors: `ImageMetadataErrorCode`. */
export function decodeImageMetadata(bytes: Uint8Array): ImageMetadata {
  if (bytes.length > METADATA_MAX_BYTES) throw new ImageMetadataError('metadata-too-large', `${bytes.length} bytes`);
  const metadata = readFields(unpack(bytes));
  checkValues(metadata);
  // What decodes must encode to the same bytes: this refuses unknown and repeated keys, other orders and longer forms at once.
  if (!sameBytes(encodeImageMetadata(metadata), bytes)) {
    throw new ImageMetadataError('metadata-not-canonical', 'unknown keys, or not the one form of these values');
  }
  return metadata;
}

function unpack(bytes: Uint8Array): ReadonlyMap<unknown, unknown> {
  let value: unknown;
  try {
    value = unpackr.unpack(bytes);
  } catch (cause) {
    throw new ImageMetadataError('metadata-malformed', 'not one MessagePack value', { cause });
  }
  if (!(value instanceof Map)) throw new ImageMetadataError('metadata-malformed', 'not a map');
  return value;
}

function readFields(fields: ReadonlyMap<unknown, unknown>): ImageMetadata {
  const format = fields.get('format');
  if (format !== FORMAT) {
    const shown = typeof format === 'number' ? `format ${format}` : 'no format number';
    throw new ImageMetadataError('metadata-format-unsupported', shown);
  }
  const text = (key: string): string => {
    const value = fields.get(key);
    if (typeof value !== 'string') throw new ImageMetadataError('metadata-value-wrong', `${key} is no text`);
    return value;
  };
  const sourceDigest = fields.get('sourceDigest');
  const createdAt = fields.get('createdAt');
  if (sourceDigest !== undefined && !(sourceDigest instanceof Uint8Array)) {
    throw new ImageMetadataError('metadata-value-wrong', 'sourceDigest is not binary');
  }
  if (createdAt !== undefined && typeof createdAt !== 'number') {
    throw new ImageMetadataError('metadata-value-wrong', 'createdAt is no number');
  }
  return {
    name: text('name'),
    version: text('version'),
    language: text('language'),
    hardware: text('hardware'),
    ...(sourceDigest === undefined ? {} : { sourceDigest: new Uint8Array(sourceDigest) }),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
}

function checkValues({ name, version, language, hardware, sourceDigest, createdAt }: ImageMetadata): void {
  const rules: readonly (readonly [key: string, holds: boolean])[] = [
    ['name', isLine(name) && name.length > 0 && name.length <= NAME_MAX_CHARACTERS],
    ['version', isVersionText(version)],
    ['language', isLanguageName(language)],
    ['hardware', isLine(hardware) && hardware.length <= HARDWARE_MAX_CHARACTERS],
    ['sourceDigest', sourceDigest === undefined || sourceDigest.length === DIGEST_BYTES],
    [
      'createdAt',
      createdAt === undefined || (Number.isInteger(createdAt) && createdAt >= 0 && createdAt <= CREATED_MAX),
    ],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken !== undefined) throw new ImageMetadataError('metadata-value-wrong', `${broken[0]} breaks its rule`);
}

/** A text that cannot forge a second line in a table or a log. */
function isLine(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is refused here
  return text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text);
}
