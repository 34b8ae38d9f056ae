// A certificate of this engine's parser as the OS's rules look at it. Decides nothing; asks no clock.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  CertificatePartsError,
  hasKeyUsage,
  hasNamedCurve,
  hasUnknownCritical,
  readCertificateParts,
} from '../os/certificate-parts.ts';
import type { ChainCertificate } from '../os/service-chain.ts';
import { certificateSeconds } from './certificate-date.ts';

/** ecdsa-with-SHA256 and ecdsa-with-SHA384 (RFC 5758 section 3.2). */
const KNOWN_SIGNATURES = ['1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3'];

class ParsedCertificate implements ChainCertificate {
  readonly certificate: X509Certificate;
  readonly der: Uint8Array;
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  readonly isCa: boolean;
  readonly maySignCertificates: boolean;
  readonly maySign: boolean;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly hasNamedCurve: boolean;
  readonly hasKnownSignature: boolean;
  readonly hasUnknownCritical: boolean;

  constructor(certificate: X509Certificate) {
    this.certificate = certificate;
    this.der = Uint8Array.from(certificate.raw);
    const parts = readCertificateParts(this.der);
    this.notBeforeSeconds = secondsOf(certificate.validFrom);
    this.notAfterSeconds = secondsOf(certificate.validTo);
    this.isCa = certificate.ca;
    this.maySignCertificates = hasKeyUsage(parts, 'keyCertSign');
    this.maySign = hasKeyUsage(parts, 'digitalSignature');
    // What Node calls keyUsage is the extended one.
    this.extendedKeyUsage = certificate.keyUsage;
    this.hasNamedCurve = hasNamedCurve(parts);
    this.hasKnownSignature = KNOWN_SIGNATURES.includes(certificate.signatureAlgorithmOid ?? '');
    this.hasUnknownCritical = hasUnknownCritical(parts);
  }

  isIssuedBy(issuer: ChainCertificate): boolean {
    const { certificate } = new ParsedCertificate(new X509Certificate(issuer.der));
    return this.certificate.checkIssued(certificate) && this.certificate.verify(certificate.publicKey);
  }

  names(host: string): boolean {
    if (isIP(host) !== 0) return this.certificate.checkIP(host) !== undefined;
    return this.certificate.checkHost(host, { subject: 'never', wildcards: false }) !== undefined;
  }
}

/** Compared with the time, what is no date would say nothing: such a certificate might never be over. */
function secondsOf(printed: string): number {
  const seconds = certificateSeconds(printed);
  if (seconds === undefined) throw new CertificatePartsError('certificate-malformed', 'a date that is none');
  return seconds;
}

/** Errors: `certificate-malformed` (`CertificatePartsError`). */
export function chainCertificate(certificate: X509Certificate): ChainCertificate {
  return new ParsedCertificate(certificate);
}
