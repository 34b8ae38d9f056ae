// The certificates that the device holds, with their keys, in memory alone. Never shows one that has expired by the trusted time.

import { sameBytes } from '../../../contracts/core/bytes.ts';
import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { DeviceCertificate } from '../../../contracts/wire/device-link.ts';
import type { CertificateFacts, DeviceKeys, TlsIdentity } from '../service-port.ts';
import { isoTime } from './trusted-text.ts';

export type CertificatePurpose = DeviceCertificate['purpose'];

export interface HeldCertificate {
  readonly identity: TlsIdentity;
  readonly facts: CertificateFacts;
}

/** One of each purpose, from one attestation. */
export type CertificatePair = Readonly<Record<CertificatePurpose, HeldCertificate>>;

/**
 * - `certificate-key-wrong`: it is for another key than the one in the evidence;
 * - `certificate-not-valid-now`: by the trusted time.
 * `details.purpose` names it.
 */
export type DeviceCertificateErrorCode = 'certificate-key-wrong' | 'certificate-not-valid-now';
export class DeviceCertificateError extends CodedError<DeviceCertificateErrorCode> {}

/**
 * The device's time comes from the service and is behind it by the way of the answer, so that a certificate made in this moment may
 * seem to begin a little later.
 */
const BEHIND_MAX_SECONDS = 60;

/** A key as the monitor made it for this attestation. */
export interface CertificateKey {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What came back, judged against what was asked for. Errors: `DeviceCertificateErrorCode`, `DeviceKeysErrorCode`. */
export function checkedCertificate(
  keys: DeviceKeys,
  purpose: CertificatePurpose,
  { privateKey, publicKey }: CertificateKey,
  chain: string,
  nowSeconds: number,
): HeldCertificate {
  const details = { purpose };
  const facts = keys.describeCertificate(chain);
  if (!sameBytes(facts.publicKey, publicKey))
    throw new DeviceCertificateError('certificate-key-wrong', `the ${purpose} certificate is for another key`, {
      details,
    });
  if (facts.notBeforeSeconds > nowSeconds + BEHIND_MAX_SECONDS || facts.notAfterSeconds <= nowSeconds)
    throw new DeviceCertificateError('certificate-not-valid-now', `the ${purpose} certificate`, { details });
  return { identity: { privateKey, publicKey, chain }, facts };
}

export class DeviceCertificates {
  readonly #held = new Map<CertificatePurpose, HeldCertificate>();

  /** Both replace what was there. */
  replace({ update, customer }: CertificatePair): void {
    this.#held.set('update', update);
    this.#held.set('customer', customer);
  }

  /** Those that have expired are gone for good. */
  dropExpired(nowSeconds: number): void {
    for (const [purpose, { facts }] of this.#held) if (facts.notAfterSeconds <= nowSeconds) this.#held.delete(purpose);
  }

  /** As of the last `dropExpired`. */
  get(purpose: CertificatePurpose): HeldCertificate | undefined {
    return this.#held.get(purpose);
  }

  /** The first expiry in seconds since 1970; `undefined`: nothing is held. */
  firstExpirySeconds(): number | undefined {
    const ends = [...this.#held.values()].map(({ facts }) => facts.notAfterSeconds);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  describe(): readonly DeviceCertificate[] {
    return [...this.#held].map(([purpose, { identity, facts }]) => ({
      purpose,
      serial: facts.serial,
      subject: facts.subject,
      subjectAltName: facts.subjectAltName,
      notBefore: isoTime(facts.notBeforeSeconds),
      notAfter: isoTime(facts.notAfterSeconds),
      chain: identity.chain,
    }));
  }
}
