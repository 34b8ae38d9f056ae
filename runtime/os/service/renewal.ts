// When certificates are renewed: early enough that a service that is away for hours does not matter. Pure arithmetic.

import type { CertificateFacts } from '../service-port.ts';
import type { Chance } from './backoff.ts';

/** Two thirds of the life, and up to a tenth of it earlier: devices that came on together do not renew together. */
const LATEST_PART = 2 / 3;
const SPREAD_PART = 1 / 10;
/** Certificates that come back too old do not make the device ask without a break … */
const SOONEST_SECONDS = 5;
/** … and none lets it go unseen for longer than the service promises its certificates to last. */
const LATEST_SECONDS = 24 * 3600;

/** Whole seconds from now, for the first of these certificates to renew. */
export function renewalDelaySeconds(
  certificates: readonly Pick<CertificateFacts, 'notBeforeSeconds' | 'notAfterSeconds'>[],
  nowSeconds: number,
  chance: Chance,
): number {
  const part = LATEST_PART - SPREAD_PART * chance();
  const renewals = certificates.map(({ notBeforeSeconds, notAfterSeconds }) => {
    return notBeforeSeconds + (notAfterSeconds - notBeforeSeconds) * part - nowSeconds;
  });
  return Math.floor(Math.min(LATEST_SECONDS, Math.max(SOONEST_SECONDS, Math.min(...renewals))));
}
