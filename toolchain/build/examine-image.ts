// Everything in an image package, for a person: what is in it, what holds and what does not, and why. Never says that an image may
// run: the device decides that with its own keys.

import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readComponent } from '../../component/binary/read-component.ts';
import { importNames } from '../../component/definitions.ts';
import { sameBytes } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { decodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ImageSignature, SignatureAlgorithm, SignerRole } from '../../contracts/core/image-signatures.ts';
import type { ImageKind, ImagePackage } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import { isP256Point, toLowS } from '../../contracts/core/p256.ts';
import { compileGrants } from '../../contracts/wire/compile-grants.ts';
import type { ImageMetadata } from '../../contracts/wire/image-metadata.ts';
import { decodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { problemsError } from './build-error.ts';
import { sha256 } from './package-app.ts';

/** A key that the person trusts, to check signatures with. */
export interface KnownKey {
  readonly name: string;
  /** SEC 1 uncompressed P-256 point, 65 bytes. */
  readonly publicKey: Uint8Array;
}

/** A part that holds, or the code of what is wrong with it. */
export type Examined<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface ExaminedSignature {
  readonly role: SignerRole;
  readonly algorithm: SignatureAlgorithm;
  /** Hex. */
  readonly keyId: string;
  readonly verdict: 'valid' | 'wrong' | 'key-not-given' | 'algorithm-not-checked';
  /** Of the known key. */
  readonly keyName: string | undefined;
}

export interface ImageExamination {
  readonly kind: ImageKind;
  readonly componentId: string;
  readonly imageId: string;
  readonly catalogId: string;
  readonly rollbackIndex: number;
  readonly sizeBytes: number;
  readonly sections: Readonly<Record<'grants' | 'metadata' | 'manifest' | 'component' | 'files', number>>;
  /** `sourceDigest` in hex. */
  readonly metadata: Examined<Omit<ImageMetadata, 'sourceDigest'> & { readonly sourceDigest?: string }>;
  readonly manifest: Examined<{ readonly name: string; readonly text: string }>;
  readonly grants: { readonly memoryBytes: number; readonly gpioPins: readonly number[] } | undefined;
  /** Whether the manifest compiles to exactly these grants; only then does the device take the image. */
  readonly grantsMatch: Examined<true>;
  readonly imports: Examined<readonly string[]>;
  readonly files: Examined<readonly { readonly path: string; readonly sizeBytes: number }[]>;
  readonly signatures: readonly ExaminedSignature[];
}

/** Layout and digests have to hold, for there is nothing to show otherwise. Errors: those of `decodeImage`. */
export function examineImage(bytes: Uint8Array, keys: readonly KnownKey[] = []): ImageExamination {
  const image = decodeImage(bytes, sha256);
  const { grantBytes, metadata, manifest, component, files } = image;
  const isApp = image.kind === 'application';
  const packaged = examine(() => (isApp ? readManifest(manifest) : notAnApp()));
  return {
    kind: image.kind,
    componentId: image.componentId,
    imageId: image.imageId,
    catalogId: image.catalogId,
    rollbackIndex: image.rollbackIndex,
    sizeBytes: bytes.length,
    sections: {
      grants: grantBytes.length,
      metadata: metadata.length,
      manifest: manifest.length,
      component: component.length,
      files: files.length,
    },
    metadata: examine(() => shownMetadata(metadata)),
    manifest: map(packaged, ({ name }) => ({ name, text: new TextDecoder().decode(manifest) })),
    grants: image.grants,
    grantsMatch: examine(() => matchGrants(image, packaged)),
    imports: examine(() => (isApp ? importNames(readComponent(component)) : notAnApp())),
    files: examine(() => [...decodeImageFiles(files)].map(([path, file]) => ({ path, sizeBytes: file.length }))),
    signatures: image.signatures.map((signature) => examineSignature(signature, image, keys)),
  };
}

type NotMatchingCode = 'grants-differ' | 'not-an-application';
class ExaminationError extends CodedError<NotMatchingCode> {}

function notAnApp(): never {
  throw new ExaminationError('not-an-application', 'only an application has this part');
}

function shownMetadata(bytes: Uint8Array): Omit<ImageMetadata, 'sourceDigest'> & { readonly sourceDigest?: string } {
  const { sourceDigest, ...rest } = decodeImageMetadata(bytes);
  return sourceDigest === undefined ? rest : { ...rest, sourceDigest: bytesToHex(sourceDigest) };
}

function readManifest(bytes: Uint8Array): PackagedManifest {
  const verdict = checkPackagedManifest(bytes);
  if (!verdict.ok) throw problemsError('manifest', verdict.errors);
  return verdict.packaged;
}

function matchGrants({ grants, grantBytes }: ImagePackage, manifest: Examined<PackagedManifest>): true {
  if (grants === undefined) return notAnApp();
  if (!manifest.ok) throw new ExaminationError('grants-differ', 'there is no manifest to compare with');
  const wanted = encodeGrants(compileGrants(manifest.value, { memoryBytes: grants.memoryBytes }));
  if (!sameBytes(wanted, grantBytes))
    throw new ExaminationError('grants-differ', 'the manifest asks for something else than the grants give');
  return true;
}

function examineSignature(
  signature: ImageSignature,
  image: ImagePackage,
  keys: readonly KnownKey[],
): ExaminedSignature {
  const { role, algorithm } = signature;
  const known = keys.find(({ publicKey }) => sameBytes(sha256(publicKey), signature.keyId));
  const shown = { role, algorithm, keyId: bytesToHex(signature.keyId), keyName: known?.name };
  if (known === undefined) return { ...shown, verdict: 'key-not-given' };
  if (algorithm !== 'ecdsa-p256-sha256') return { ...shown, verdict: 'algorithm-not-checked' };
  const key = p256Key(known.publicKey);
  const { signature: bytes } = signature;
  const holds = key !== undefined && verify('sha256', image.signedBytes, { key, dsaEncoding: 'ieee-p1363' }, bytes);
  // The device takes one of the two forms of a signature only.
  return { ...shown, verdict: holds && sameBytes(toLowS(bytes), bytes) ? 'valid' : 'wrong' };
}

function p256Key(point: Uint8Array): KeyObject | undefined {
  if (!isP256Point(point)) return undefined;
  const coordinate = (from: number): string => Buffer.from(point.subarray(from, from + 32)).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) }, format: 'jwk' });
}

function examine<Value>(read: () => Value): Examined<Value> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { ok: false, code: String(error.code), message: error.message };
  }
}

function map<From, To>(examined: Examined<From>, change: (value: From) => To): Examined<To> {
  return examined.ok ? { ok: true, value: change(examined.value) } : examined;
}
