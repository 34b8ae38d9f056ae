// Issues X.509 certificates (RFC 5280) of the few kinds that the service has. Never takes a name or an extension from outside:
// a kind is a row of this file, and what is not in it cannot be issued.

import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  setOfOne,
  time,
  utf8String,
} from './der.ts';

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
} as const;
/** Bits of KeyUsage from the left (RFC 5280 section 4.2.1.3), and how many bits of the byte are unused. */
const KEY_USAGE = {
  certificateAndCrlSign: { bits: 0b0000_0110, unused: 1 },
  digitalSignature: { bits: 0b1000_0000, unused: 7 },
} as const;
/** GeneralName (section 4.2.1.6). */
const NAME_TAG = { dns: 2, uri: 6, ip: 7 } as const;
/** RFC 5280 section 4.1.2.2: positive, at most 20 bytes. Not guessable, so that no one can prepare a collision. */
const SERIAL_BYTES = 16;

export type Purpose = 'server' | 'client';

export type CertificateKind =
  /** `purpose`: what the certificates below it are for, and nothing else (section 4.2.1.12). */
  | { readonly kind: 'ca'; readonly pathLength: number; readonly purpose?: Purpose }
  /** `names`: DNS names, IPv4 addresses and URNs; a server has some of the first two, a device its URN. */
  | { readonly kind: 'leaf'; readonly purpose: Purpose; readonly names?: readonly string[] };

export interface CertificateOrder {
  readonly subject: string;
  /** P-256 or P-384, public or private. */
  readonly subjectKey: KeyObject;
  readonly issuer: { readonly name: string; readonly privateKey: KeyObject };
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly is: CertificateKind;
}

/** DER of a version 3 certificate, signed with the hash of the issuer's curve. */
export function issueCertificate({
  subject,
  subjectKey,
  issuer,
  notBefore,
  notAfter,
  is,
}: CertificateOrder): Uint8Array {
  const publicKey = spki(subjectKey);
  const isP384 = issuer.privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  const algorithm = sequence(oid(isP384 ? OID.ecdsaWithSha384 : OID.ecdsaWithSha256));
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))), // version 3
    integer(serialNumber()),
    algorithm,
    commonName(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    commonName(subject),
    publicKey,
    explicit(3, sequence(...extensions(publicKey, spki(issuer.privateKey), is))),
  );
  const signature = sign(isP384 ? 'sha384' : 'sha256', body, { key: issuer.privateKey, dsaEncoding: 'der' });
  return new Uint8Array(sequence(body, algorithm, bitString(signature)));
}

function extensions(publicKey: Uint8Array, issuerKey: Uint8Array, is: CertificateKind): readonly Uint8Array[] {
  const purposes =
    is.purpose === undefined ? [] : [extension(OID.extendedKeyUsage, false, sequence(oid(OID[is.purpose])))];
  // The key of a root says itself who its issuer is.
  const isSelfSigned = Buffer.compare(publicKey, issuerKey) === 0;
  const identifiers = [
    extension(OID.subjectKeyIdentifier, false, octetString(keyIdentifier(publicKey))),
    ...(isSelfSigned
      ? []
      : [extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(issuerKey))))]),
  ];
  if (is.kind === 'ca') {
    const constraints = sequence(boolean(true), integer(Uint8Array.of(is.pathLength)));
    const { bits, unused } = KEY_USAGE.certificateAndCrlSign;
    return [
      extension(OID.basicConstraints, true, constraints),
      extension(OID.keyUsage, true, bitString(Uint8Array.of(bits), unused)),
      ...purposes,
      ...identifiers,
    ];
  }
  const { bits, unused } = KEY_USAGE.digitalSignature;
  const names = (is.names ?? []).map(generalName);
  return [
    extension(OID.basicConstraints, true, sequence()),
    extension(OID.keyUsage, true, bitString(Uint8Array.of(bits), unused)),
    ...purposes,
    ...(names.length === 0 ? [] : [extension(OID.subjectAltName, false, sequence(...names))]),
    ...identifiers,
  ];
}

function extension(id: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octetString(value));
}

function generalName(name: string): Uint8Array {
  if (isIPv4(name)) return implicit(NAME_TAG.ip, Uint8Array.from(name.split('.').map(Number)));
  if (name.startsWith('urn:')) return implicit(NAME_TAG.uri, Buffer.from(name, 'latin1'));
  return implicit(NAME_TAG.dns, Buffer.from(name, 'latin1'));
}

function commonName(name: string): Uint8Array {
  return sequence(setOfOne(sequence(oid(OID.commonName), utf8String(name))));
}

function spki(key: KeyObject): Uint8Array {
  return (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
}

/** RFC 7093 section 2, method 4: a hash of the whole SubjectPublicKeyInfo, cut to 160 bits. */
function keyIdentifier(publicKey: Uint8Array): Uint8Array {
  return createHash('sha256').update(publicKey).digest().subarray(0, 20);
}

function serialNumber(): Uint8Array {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}
