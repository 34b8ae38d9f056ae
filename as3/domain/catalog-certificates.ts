// What the operator of a catalog asks of its CA. Types and names only: a private key never comes through.

import { ServiceError, notFound } from './service-error.ts';

export interface CatalogCertificate {
  /** Upper-case hex: its name in the API. */
  readonly serial: string;
  /** RFC 2253. */
  readonly subject: string;
  /** SHA-1 of the certificate, 40 upper-case hex digits: how clouds name it. */
  readonly thumbprint: string;
  readonly der: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Every method makes the catalog's CA if it is not there yet, and throws `AuthorityErrorCode` when its files are lost. */
export interface CatalogCertificates {
  /** By the catalog's id. */
  ofCatalog(catalogId: string): Promise<CatalogCertificate>;
  /** PKCS#7 (DER) of the catalog's CA and those above it, the root included. */
  chainOf(catalogId: string): Promise<Uint8Array>;
  /** A certificate that says `code`, signed by the catalog's CA. Errors: `certificate-authority-expired`. */
  proofOfPossession(catalogId: string, code: string): Promise<CatalogCertificate>;
}

/** Words that stand for the one certificate in force. */
const CURRENT = ['.default', 'default', 'active'];
const CODE = /^[A-Za-z0-9._-]{1,64}$/;

/** The catalog's certificate by its serial number, or by a word for the current one. Errors: `certificate-not-found`. */
export function wantCertificate(certificate: CatalogCertificate, name: string): CatalogCertificate {
  const isWanted = CURRENT.includes(name.toLowerCase()) || certificate.serial === name.toUpperCase();
  if (!isWanted) throw notFound('certificate-not-found', name);
  return certificate;
}

/** A code that a cloud gave. Errors: `proof-of-possession-malformed`. */
export function wantCode(code: string): string {
  if (CODE.test(code)) return code;
  throw new ServiceError('proof-of-possession-malformed', 'proofOfPossessionNonce: 1 to 64 of A-Z a-z 0-9 . _ -', {
    fault: 'caller',
  });
}
