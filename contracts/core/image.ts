// The image package: what is signed, what it covers, and where each part lies. Never verifies a signature itself.

import { ByteReader, ByteWriter, concatBytes, sameBytes } from './bytes.ts';
import { CodedError } from './coded-error.ts';
import type { Grants } from './grants.ts';
import { decodeGrants } from './grants.ts';
import type { ComponentId, ImageId } from './ids.ts';
import { componentIdFromBytes, componentIdToBytes, imageIdFromBytes } from './ids.ts';
import {
  GRANTS_MAX_BYTES,
  IMAGE_MAX_BYTES,
  MANIFEST_MAX_BYTES,
  METADATA_MAX_BYTES,
  SIGNATURES_MAX_BYTES,
} from './limits.ts';
import type { ImageSignature } from './image-signatures.ts';
import { decodeSignatures } from './image-signatures.ts';

/**
 * Package = header (256 bytes) ‖ grants ‖ metadata ‖ manifest ‖ component ‖ files ‖ signatures.
 * Header (little-endian): magic "CSM1" · u16 version = 1 · u16 kind · u32 rollback index · u32 flags = 0 ·
 * component id (16) · catalog id (16) · u32 length of grants, metadata, manifest, component, files ·
 * SHA-256 of metadata, manifest, component, files · zeros to 256.
 * Signed are header and grants; the digests in the header bind all the rest, so signatures can be added later.
 */
export const IMAGE_HEADER_BYTES = 256;
const MAGIC = Uint8Array.of(0x43, 0x53, 0x4d, 0x31);
const VERSION = 1;
/** What stands before the signed bytes when they are hashed, so that no other signature can pass for an image's. */
const SIGNING_CONTEXT = new TextEncoder().encode('casemate image v1\0');

export const IMAGE_KIND = { application: 1, os: 2, monitor: 3, plutonRuntime: 4, trustedKeystore: 5 } as const;
export type ImageKind = keyof typeof IMAGE_KIND;

/** SHA-256, handed in by who has one: the chip's block, @noble in the monitor, node:crypto elsewhere. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export type ImageErrorCode =
  | 'image-too-large'
  | 'image-truncated'
  | 'image-magic-wrong'
  | 'image-version-unsupported'
  | 'image-kind-unknown'
  | 'image-header-malformed'
  | 'image-section-too-large'
  | 'image-digest-mismatch';

export class ImageError extends CodedError<ImageErrorCode> {}

/** A package whose layout and digests hold. It says nothing about who signed it. */
export interface ImagePackage {
  readonly kind: ImageKind;
  readonly rollbackIndex: number;
  readonly componentId: ComponentId;
  /** All zeros: not bound to a catalog (development and platform images). */
  readonly catalogId: ComponentId;
  readonly imageId: ImageId;
  readonly grants: Grants | undefined;
  readonly grantBytes: Uint8Array;
  readonly metadata: Uint8Array;
  readonly manifest: Uint8Array;
  readonly component: Uint8Array;
  readonly files: Uint8Array;
  readonly signatures: readonly ImageSignature[];
  /** What a signature is made over: hash this with SHA-256 (ECDSA) or sign it whole (ML-DSA). */
  readonly signedBytes: Uint8Array;
}

/** What a packer has to say. Absent sections are empty. */
export interface ImageParts {
  readonly kind: ImageKind;
  readonly rollbackIndex: number;
  readonly componentId: ComponentId;
  readonly catalogId?: ComponentId;
  readonly grantBytes?: Uint8Array;
  readonly metadata?: Uint8Array;
  readonly manifest?: Uint8Array;
  readonly component: Uint8Array;
  readonly files?: Uint8Array;
}

export const NO_CATALOG = '00000000-0000-0000-0000-000000000000' as ComponentId;
const EMPTY = new Uint8Array(0);

/** An unsigned package (no signatures yet: append with `withSignatures`). */
export function encodeImage(parts: ImageParts, sha256: Sha256): Uint8Array {
  const sections = [parts.metadata ?? EMPTY, parts.manifest ?? EMPTY, parts.component, parts.files ?? EMPTY];
  const grants = parts.grantBytes ?? EMPTY;
  const header = new ByteWriter(IMAGE_HEADER_BYTES);
  header.bytes(MAGIC).u16(VERSION).u16(IMAGE_KIND[parts.kind]).u32(parts.rollbackIndex).u32(0);
  header.bytes(componentIdToBytes(parts.componentId)).bytes(componentIdToBytes(parts.catalogId ?? NO_CATALOG));
  header.u32(grants.length);
  for (const section of sections) header.u32(section.length);
  for (const section of sections) header.bytes(sha256(section));
  header.zeros(IMAGE_HEADER_BYTES - header.length);
  return concatBytes(header.finish(), grants, ...sections);
}

/** From bytes of any origin to a package whose layout, sizes, grants and digests hold. Errors: Image, Grants, Signatures, Layout codes. */
export function decodeImage(bytes: Uint8Array, sha256: Sha256): ImagePackage {
  if (bytes.length > IMAGE_MAX_BYTES) throw new ImageError('image-too-large', `${bytes.length} bytes`);
  if (bytes.length < IMAGE_HEADER_BYTES)
    throw new ImageError('image-truncated', `${bytes.length} bytes, a header has 256`);
  const header = decodeHeader(new ByteReader(bytes.subarray(0, IMAGE_HEADER_BYTES)));
  const reader = new ByteReader(bytes);
  reader.bytes(IMAGE_HEADER_BYTES);
  const wanted = header.grantsLength + header.lengths.reduce((sum, length) => sum + length, 0);
  if (wanted > reader.remaining) {
    throw new ImageError('image-truncated', `sections of ${wanted} bytes, ${reader.remaining} there`);
  }
  const grantBytes = reader.bytes(header.grantsLength);
  const sections = header.lengths.map((length) => reader.bytes(length));
  sections.forEach((section, index) => {
    if (!sameBytes(sha256(section), header.digests[index] ?? EMPTY)) {
      throw new ImageError('image-digest-mismatch', `the ${SECTION_NAMES[index]} is not what the header says`);
    }
  });
  const [metadata = EMPTY, manifest = EMPTY, component = EMPTY, files = EMPTY] = sections;
  const signedBytes = concatBytes(SIGNING_CONTEXT, bytes.subarray(0, IMAGE_HEADER_BYTES + header.grantsLength));
  return {
    kind: header.kind,
    rollbackIndex: header.rollbackIndex,
    componentId: header.componentId,
    catalogId: header.catalogId,
    imageId: imageIdOf(sha256(signedBytes)),
    grants: header.kind === 'application' ? decodeGrants(grantBytes) : undefined,
    grantBytes,
    metadata,
    manifest,
    component,
    files,
    signatures: decodeSignatures(reader.rest()),
    signedBytes,
  };
}

/** The package with this signature block instead of the one it has. */
export function withSignatures(bytes: Uint8Array, block: Uint8Array): Uint8Array {
  const header = decodeHeader(new ByteReader(bytes.subarray(0, IMAGE_HEADER_BYTES)));
  const body = IMAGE_HEADER_BYTES + header.grantsLength + header.lengths.reduce((sum, length) => sum + length, 0);
  if (body > bytes.length)
    throw new ImageError('image-truncated', `sections end at ${body}, ${bytes.length} bytes there`);
  return concatBytes(bytes.subarray(0, body), block);
}

const SECTION_NAMES = ['metadata', 'manifest', 'component', 'files'] as const;
const SECTION_MAX_BYTES = [METADATA_MAX_BYTES, MANIFEST_MAX_BYTES, IMAGE_MAX_BYTES, IMAGE_MAX_BYTES] as const;

interface Header {
  readonly kind: ImageKind;
  readonly rollbackIndex: number;
  readonly componentId: ComponentId;
  readonly catalogId: ComponentId;
  readonly grantsLength: number;
  readonly lengths: readonly number[];
  readonly digests: readonly Uint8Array[];
}

function decodeHeader(reader: ByteReader): Header {
  if (!sameBytes(reader.bytes(4), MAGIC)) throw new ImageError('image-magic-wrong', 'not an image package');
  const version = reader.u16();
  if (version !== VERSION) throw new ImageError('image-version-unsupported', `image format ${version}`);
  const kindNumber = reader.u16();
  const kind = (Object.keys(IMAGE_KIND) as ImageKind[]).find((name) => IMAGE_KIND[name] === kindNumber);
  if (kind === undefined) throw new ImageError('image-kind-unknown', `image kind ${kindNumber}`);
  const rollbackIndex = reader.u32();
  const flags = reader.u32();
  const componentId = componentIdFromBytes(reader.bytes(16));
  const catalogId = componentIdFromBytes(reader.bytes(16));
  const grantsLength = reader.u32();
  if (grantsLength > GRANTS_MAX_BYTES)
    throw new ImageError('image-section-too-large', `grants of ${grantsLength} bytes`);
  const lengths = SECTION_NAMES.map((name, index) => {
    const length = reader.u32();
    if (length > (SECTION_MAX_BYTES[index] ?? 0)) {
      throw new ImageError('image-section-too-large', `${name} of ${length} bytes`);
    }
    return length;
  });
  const digests = SECTION_NAMES.map(() => reader.bytes(32));
  if (flags !== 0 || reader.rest().some((byte) => byte !== 0)) {
    throw new ImageError('image-header-malformed', 'flags and reserved bytes must be zero');
  }
  return { kind, rollbackIndex, componentId, catalogId, grantsLength, lengths, digests };
}

/** UUID version 8 (RFC 9562) made of the digest of what is signed: one content, one id. */
function imageIdOf(digest: Uint8Array): ImageId {
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return imageIdFromBytes(bytes);
}

/** Upper bound of a signature block, for callers that size buffers. */
export const IMAGE_SIGNATURES_MAX_BYTES = SIGNATURES_MAX_BYTES;
