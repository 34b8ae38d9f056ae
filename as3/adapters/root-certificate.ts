// Makes the self-signed root certificate of a service's CA. Never issues for anyone else: policy and tenant CAs come below it.

import type { KeyObject } from 'node:crypto';
import type { Clock } from '../domain/ports.ts';
import { issueCertificate } from './certificate.ts';

export const ROOT_NAME = 'Casemate Service Root CA';
/** Root, policy CA, tenant CA, device: two CA certificates may stand below the root. */
const PATH_LENGTH = 2;
const LIFE_YEARS = 20;

/** DER of a certificate for this P-384 key, signed by itself. */
export function makeRootCertificate(privateKey: KeyObject, clock: Clock): Uint8Array {
  const notBefore = new Date(clock.nowMs());
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notBefore.getUTCFullYear() + LIFE_YEARS);
  return issueCertificate({
    subject: ROOT_NAME,
    subjectKey: privateKey,
    issuer: { name: ROOT_NAME, privateKey },
    notBefore,
    notAfter,
    is: { kind: 'ca', pathLength: PATH_LENGTH },
  });
}
