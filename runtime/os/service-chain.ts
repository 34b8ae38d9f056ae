// Whom the OS believes to be its service: server certificate, one CA, and the root of the keystore, at the monitor's time. The rules
// alone, over parsed facts. Never the host's clock, and never a root of the host.

import { sameBytes } from '../../contracts/core/bytes.ts';
import type { ServiceTrust } from './service-port.ts';
import { ServiceNetworkError } from './service-port.ts';

/** One certificate of a chain, as an adapter parsed it. */
export interface ChainCertificate {
  readonly der: Uint8Array;
  /** Seconds since 1970, both included (RFC 5280 section 4.1.2.5). */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** basicConstraints says CA. */
  readonly isCa: boolean;
  readonly maySignCertificates: boolean;
  /** keyUsage with digitalSignature: what a TLS 1.3 server signs with. */
  readonly maySign: boolean;
  /** Object identifiers; `undefined` without the extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** P-256 or P-384, encoded by the curve's name. */
  readonly hasNamedCurve: boolean;
  /** It was signed by ECDSA with SHA-256 or SHA-384. */
  readonly hasKnownSignature: boolean;
  readonly hasUnknownCritical: boolean;
  /** Names and key identifiers fit, and the signature is that of the other's key. */
  isIssuedBy(issuer: ChainCertificate): boolean;
  /** Its subject alternative names name this host, a DNS name or an IP address. */
  names(host: string): boolean;
}

/** What the server showed, and the pinned root. */
export interface PresentedChain {
  readonly leaf: ChainCertificate | undefined;
  readonly issuer: ChainCertificate | undefined;
  /** What the server sent above the issuer: the root, or nothing. */
  readonly above: ChainCertificate | undefined;
  readonly root: ChainCertificate;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/**
 * In the order from the root down; each line is an attack. Passes, or throws `service-not-trusted`, or
 * `service-certificate-expired` when nothing else is wrong.
 */
export function checkServiceChain(
  { leaf, issuer, above, root }: PresentedChain,
  host: string,
  trust: ServiceTrust,
): void {
  if (leaf === undefined || issuer === undefined) throw notTrusted('no chain of a server certificate and its CA');
  // A self-signed certificate, another service's root.
  if (!sameBytes(root.der, trust.root)) throw notTrusted('the root is not the pinned one');
  if (above !== undefined && !sameBytes(above.der, root.der)) throw notTrusted('the chain ends in another root');
  if (!issuer.isIssuedBy(root)) throw notTrusted('the CA is not signed by the root');
  if (!leaf.isIssuedBy(issuer)) throw notTrusted('the server certificate is not signed by the CA');
  // Whoever holds a certificate of the service below this root, and plays CA with it.
  if (!issuer.isCa || !issuer.maySignCertificates) throw notTrusted('the issuer is no CA');
  // A CA for clients (operators, devices) below the same root, and a client's certificate.
  if (issuer.extendedKeyUsage?.includes(SERVER_AUTH) === false) throw notTrusted('the CA is not one of servers');
  if (leaf.isCa || !leaf.maySign || leaf.extendedKeyUsage?.includes(SERVER_AUTH) !== true) {
    throw notTrusted('the certificate is not one of a server');
  }
  for (const certificate of [leaf, issuer]) {
    // Keys with parameters of the attacker's choice, digests that collide, rules that we would not follow.
    if (!certificate.hasNamedCurve || !certificate.hasKnownSignature || certificate.hasUnknownCritical) {
      throw notTrusted('a key, a signature or an extension that is not known');
    }
  }
  if (!leaf.names(host)) throw notTrusted(`the certificate does not name ${host}`);
  checkTimes([leaf, issuer, root], trust);
}

function checkTimes(chain: readonly ChainCertificate[], { nowSeconds, nowIsFloor = false }: ServiceTrust): void {
  for (const { notBeforeSeconds } of chain) {
    if (!nowIsFloor && nowSeconds < notBeforeSeconds) throw notTrusted('a certificate of the chain is not valid yet');
  }
  if (chain.some(({ notAfterSeconds }) => nowSeconds > notAfterSeconds)) {
    throw new ServiceNetworkError('service-certificate-expired', 'a certificate of the chain is over');
  }
}

function notTrusted(message: string): ServiceNetworkError {
  return new ServiceNetworkError('service-not-trusted', message);
}
