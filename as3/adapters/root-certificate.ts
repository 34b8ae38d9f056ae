// Makes the self-signed root certificate of a service's CA. Never issues for anyone else: policy and tenant CAs come below it.

import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto';
import type { Clock } from '../domain/ports.ts';
import {
  bitString,
  boolean,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  setOfOne,
  time,
  utf8String,
} from './der.ts';

const OID = {
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  subjectKeyIdentifier: '2.5.29.14',
} as const;
const COMMON_NAME = 'Casemate Service Root CA';
/** Root, policy CA, tenant CA, device: two CA certificates may stand below the root. */
const PATH_LENGTH = 2;
/** keyCertSign and cRLSign, bits 5 and 6 (RFC 5280 section 4.2.1.3); the last bit of the byte is unused. */
const KEY_USAGE = { bits: 0b0000_0110, unused: 1 } as const;
const LIFE_YEARS = 20;
/** RFC 5280 section 4.1.2.2: positive, at most 20 bytes. Not guessable, so that no one can prepare a collision. */
const SERIAL_BYTES = 16;

/** DER of a version 3 certificate (RFC 5280) for this P-384 key, signed by itself with SHA-384. */
export function makeRootCertificate(privateKey: KeyObject, clock: Clock): Uint8Array {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const name = sequence(setOfOne(sequence(oid(OID.commonName), utf8String(COMMON_NAME))));
  const algorithm = sequence(oid(OID.ecdsaWithSha384));
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))), // version 3
    integer(serialNumber()),
    algorithm,
    name,
    validity(clock.nowMs()),
    name,
    publicKey,
    explicit(3, extensions(publicKey)),
  );
  return new Uint8Array(
    sequence(body, algorithm, bitString(sign('sha384', body, { key: privateKey, dsaEncoding: 'der' }))),
  );
}

function serialNumber(): Uint8Array {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function validity(nowMs: number): Uint8Array {
  const notBefore = new Date(nowMs);
  const notAfter = new Date(nowMs);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + LIFE_YEARS);
  return sequence(time(notBefore), time(notAfter));
}

function extensions(publicKey: Uint8Array): Uint8Array {
  const constraints = sequence(boolean(true), integer(Uint8Array.of(PATH_LENGTH)));
  const usage = bitString(Uint8Array.of(KEY_USAGE.bits), KEY_USAGE.unused);
  // RFC 7093 section 2, method 4: a hash of the whole SubjectPublicKeyInfo, cut to 160 bits.
  const keyIdentifier = octetString(createHash('sha256').update(publicKey).digest().subarray(0, 20));
  return sequence(
    sequence(oid(OID.basicConstraints), boolean(true), octetString(constraints)),
    sequence(oid(OID.keyUsage), boolean(true), octetString(usage)),
    sequence(oid(OID.subjectKeyIdentifier), octetString(keyIdentifier)),
  );
}
