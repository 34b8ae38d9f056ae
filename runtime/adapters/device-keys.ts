// Computations with the short-lived keys of a device's certificates, on node:crypto. Keeps no key.

import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CertificatePartsError, namedP256Point, readCertificateParts } from '../os/certificate-parts.ts';
import type { CertificateFacts, DeviceKeys } from '../os/service-port.ts';
import { DeviceKeysError } from '../os/service-port.ts';
import { certificateSeconds } from './certificate-date.ts';
import { hostEntropy, nodeCrypto } from './node-crypto.ts';

/** A chain of three in PEM has under 4 KiB. */
const PEM_MAX_CHARACTERS = 64 * 1024;
/** What a host at the cable takes for a name: with longer ones the device could not tell its state any more. */
const NAMES_MAX_CHARACTERS = 1024;

export const deviceKeys: DeviceKeys = {
  sign: (privateKey, message) => nodeCrypto.signP256(privateKey, message),
  describeCertificate,
  random: hostEntropy,
};

function describeCertificate(pem: string): CertificateFacts {
  if (pem.length > PEM_MAX_CHARACTERS) throw malformed(`${pem.length} characters`);
  const certificate = parsed(pem);
  const publicKey = pointOf(Uint8Array.from(certificate.raw));
  if (publicKey === undefined) throw malformed('its key is not on named P-256');
  const [notBeforeSeconds, notAfterSeconds] = [certificate.validFrom, certificate.validTo].map(certificateSeconds);
  // Compared with the time, what is no date would say nothing: such a certificate might never be over.
  if (notBeforeSeconds === undefined || notAfterSeconds === undefined) throw malformed('its dates are none');
  refuseUnusableChain(pem);
  const subject = certificate.subject.split('\n').join(', ');
  const { subjectAltName = '' } = certificate;
  if (subject.length > NAMES_MAX_CHARACTERS || subjectAltName.length > NAMES_MAX_CHARACTERS)
    throw malformed('names longer than anybody reads');
  return {
    serial: certificate.serialNumber.toLowerCase(),
    subject,
    subjectAltName,
    notBeforeSeconds,
    notAfterSeconds,
    publicKey,
  };
}

/** What follows the first certificate is the service's word too, and TLS throws for what it cannot read. */
function refuseUnusableChain(pem: string): void {
  try {
    createSecureContext({ cert: pem });
  } catch (cause) {
    throw malformed('no chain that TLS takes', cause);
  }
}

function parsed(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw malformed('no certificate', cause);
  }
}

function pointOf(der: Uint8Array): Uint8Array | undefined {
  try {
    return namedP256Point(readCertificateParts(der));
  } catch (cause) {
    if (cause instanceof CertificatePartsError) throw malformed(cause.message, cause);
    throw cause;
  }
}

function malformed(message: string, cause?: unknown): DeviceKeysError {
  return new DeviceKeysError('certificate-malformed', message, { cause });
}
