// The parts of an X.509 certificate (RFC 5280) that the engine's own parser does not tell: the key as it is encoded, and every
// extension. Never checks a signature or a date, and never reads on where the encoding is not DER.

import { ByteReader } from '../../contracts/core/bytes.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';

export type CertificatePartsErrorCode = 'certificate-malformed';
export class CertificatePartsError extends CodedError<CertificatePartsErrorCode> {}

/** More than any certificate of a service or a device. */
export const CERTIFICATE_MAX_BYTES = 16 * 1024;

export interface CertificateParts {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** By the hex of their object identifiers’ content, as in `EXTENSION`. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
}

export interface CertificateExtension {
  readonly isCritical: boolean;
  /** What stands inside the OCTET STRING. */
  readonly value: Uint8Array;
}

/** Object identifiers below 2.5.29 (section 4.2.1), as hex of their content. */
export const EXTENSION = {
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  authorityKeyIdentifier: '551d23',
  extendedKeyUsage: '551d25',
} as const;

/** Bits of KeyUsage, counted from the left (section 4.2.1.3). */
export const KEY_USAGE_BIT = { digitalSignature: 0, keyCertSign: 5 } as const;

const TAG = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const;
const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;
/** More kinds than anybody puts into one certificate. */
const EXTENSIONS_MAX = 32;

/**
 * SubjectPublicKeyInfo of the two curves that a chain may use, by name, up to the point. An encoding with explicit parameters
 * has none of these beginnings; parsers that take it for the named curve can be shown a forged root (CVE-2020-0601).
 */
const NAMED_CURVE_KEY = {
  p256: { prefix: '3059301306072a8648ce3d020106082a8648ce3d030107034200', pointBytes: 65 },
  p384: { prefix: '3076301006072a8648ce3d020106052b81040022036200', pointBytes: 97 },
} as const;

/** DER of one certificate, of any origin. Errors: `certificate-malformed`. */
export function readCertificateParts(der: Uint8Array): CertificateParts {
  if (der.length > CERTIFICATE_MAX_BYTES) throw malformed(`${der.length} bytes`);
  const outer = new ByteReader(der);
  const certificate = new ByteReader(element(outer, TAG.sequence).content);
  if (outer.remaining > 0) throw malformed('bytes after the certificate');
  const body = new ByteReader(element(certificate, TAG.sequence).content);
  element(body, VERSION_TAG); // version 3, or there would be no extensions
  element(body, TAG.integer); // serial number
  element(body, TAG.sequence); // signature algorithm
  element(body, TAG.sequence); // issuer
  element(body, TAG.sequence); // validity
  element(body, TAG.sequence); // subject
  const publicKeyInfo = element(body, TAG.sequence).whole;
  const extensions = new ByteReader(element(body, EXTENSIONS_TAG).content);
  if (body.remaining > 0) throw malformed('fields after the extensions');
  return { publicKeyInfo, extensions: readExtensions(extensions) };
}

/** The point of a key on P-256 that is encoded by the curve's name, 65 bytes; `undefined` for any other key. */
export function namedP256Point({ publicKeyInfo }: CertificateParts): Uint8Array | undefined {
  return pointOf(publicKeyInfo, 'p256');
}

/** Whether the key is on P-256 or P-384, encoded by the curve's name. */
export function hasNamedCurve({ publicKeyInfo }: CertificateParts): boolean {
  return pointOf(publicKeyInfo, 'p256') !== undefined || pointOf(publicKeyInfo, 'p384') !== undefined;
}

/** Whether there is a KeyUsage with this bit. Errors: `certificate-malformed`. */
export function hasKeyUsage({ extensions }: CertificateParts, bit: keyof typeof KEY_USAGE_BIT): boolean {
  const extension = extensions.get(EXTENSION.keyUsage);
  if (extension === undefined) return false;
  const reader = new ByteReader(extension.value);
  const [, ...bytes] = element(reader, TAG.bitString).content;
  if (reader.remaining > 0) throw malformed('bytes after a key usage');
  const index = KEY_USAGE_BIT[bit];
  return (((bytes[index >> 3] ?? 0) << (index & 7)) & 0x80) !== 0;
}

/** Whether it has a critical extension that is none of `EXTENSION`: such a certificate has to be refused (section 4.2). */
export function hasUnknownCritical({ extensions }: CertificateParts): boolean {
  const known: readonly string[] = Object.values(EXTENSION);
  return [...extensions].some(([id, { isCritical }]) => isCritical && !known.includes(id));
}

function readExtensions(explicit: ByteReader): ReadonlyMap<string, CertificateExtension> {
  const list = new ByteReader(element(explicit, TAG.sequence).content);
  if (explicit.remaining > 0) throw malformed('bytes after the extensions');
  const extensions = new Map<string, CertificateExtension>();
  while (list.remaining > 0) {
    const reader = new ByteReader(element(list, TAG.sequence).content);
    const id = bytesToHex(element(reader, TAG.oid).content);
    let next = element(reader);
    const isCritical = next.tag === TAG.boolean;
    if (isCritical) {
      if (bytesToHex(next.content) !== 'ff') throw malformed('a flag that DER does not write');
      next = element(reader);
    }
    if (next.tag !== TAG.octetString || reader.remaining > 0) throw malformed('an extension of another form');
    // Section 4.2: not more than one of a kind. Two readers would choose differently.
    if (extensions.has(id) || extensions.size === EXTENSIONS_MAX) throw malformed('too many extensions, or one twice');
    extensions.set(id, { isCritical, value: next.content });
  }
  return extensions;
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** With tag and length. */
  readonly whole: Uint8Array;
}

/** The next element; lengths in the shortest form alone (X.690 section 10.1). */
function element(reader: ByteReader, wanted?: number): Element {
  if (reader.remaining < 2) throw malformed('it ends early');
  const tag = reader.u8();
  if (wanted !== undefined && tag !== wanted) throw malformed(`tag ${tag} in the place of ${wanted}`);
  const first = reader.u8();
  const head = [tag, first];
  let length = first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size < 1 || size > 2 || reader.remaining < size) throw malformed('a length of another form');
    const digits = [...reader.bytes(size)];
    head.push(...digits);
    length = digits.reduce((value, digit) => value * 256 + digit, 0);
    if (length < (size === 1 ? 0x80 : 0x100)) throw malformed('a length that is not the shortest');
  }
  if (length > reader.remaining) throw malformed('it ends early');
  const content = reader.bytes(length);
  return { tag, content, whole: Uint8Array.of(...head, ...content) };
}

function pointOf(publicKeyInfo: Uint8Array, curve: keyof typeof NAMED_CURVE_KEY): Uint8Array | undefined {
  const { prefix, pointBytes } = NAMED_CURVE_KEY[curve];
  const start = prefix.length / 2;
  if (publicKeyInfo.length !== start + pointBytes || bytesToHex(publicKeyInfo.subarray(0, start)) !== prefix)
    return undefined;
  const point = publicKeyInfo.slice(start);
  return point[0] === 4 ? point : undefined;
}

function malformed(message: string): CertificatePartsError {
  return new CertificatePartsError('certificate-malformed', message);
}
