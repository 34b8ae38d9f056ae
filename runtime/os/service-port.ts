// What the OS needs of a network to talk to its service, as types: one request over a connection whose far end is checked first.
// Whoever implements it never sends a byte of a request to an end that the trust of that request does not cover.

import { CodedError } from '../../contracts/core/coded-error.ts';

export interface ServiceAddress {
  /** A DNS name or an IP address; the server's certificate must name it. */
  readonly host: string;
  readonly port: number;
}

/** Who the device is to the service. It lives in memory alone, for as long as its certificate. */
export interface TlsIdentity {
  /** P-256 private scalar, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** SEC 1 uncompressed point of that scalar, 65 bytes. */
  readonly publicKey: Uint8Array;
  /** PEM, the device's certificate first, then its CAs without the root. */
  readonly chain: string;
}

export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  /** Begins with `/`; printable ASCII without a space. */
  readonly path: string;
  /** Sent as `application/json`; a GET has none. */
  readonly body?: Uint8Array;
  /** The most bytes that the answer's body may have. */
  readonly maxBytes: number;
  /** Shown to the service as client certificate; without it none is shown. */
  readonly identity?: TlsIdentity;
}

/** Whatever the service answered, refusals included. */
export interface ServiceResponse {
  readonly status: number;
  readonly body: Uint8Array;
}

/** Root (DER) that the chain must end in and the monitor's time that it must be valid at: never the host's clock. */
export interface ServiceTrust {
  readonly root: Uint8Array;
  /** Seconds since 1970. */
  readonly nowSeconds: number;
  /**
   * The time is `nowSeconds` or later, as before the service's answer to a question for the time: a certificate that begins later is
   * then let through, one that is over at `nowSeconds` is over. Default false.
   */
  readonly nowIsFloor?: boolean;
}

export interface ServiceNetwork {
  /** One request on a connection of its own. Errors: `ServiceNetworkError`. */
  request(address: ServiceAddress, trust: ServiceTrust, request: ServiceRequest): Promise<ServiceResponse>;
}

/**
 * - `service-unreachable`: no connection, or the radio is off
 * - `service-not-trusted`: the chain does not end in the root, does not name the host, or is not one of a server
 * - `service-certificate-expired`: a certificate of the chain is over at the trusted time; nothing else is wrong with it
 * - `service-cut-off`: the connection ended in the middle of an answer
 * - `service-answer-too-large`: headers or body beyond their bounds
 * - `service-answer-malformed`: no HTTP/1.1 answer
 * - `service-timed-out`: no answer, or one too slow
 */
export type ServiceNetworkErrorCode =
  | 'service-unreachable'
  | 'service-not-trusted'
  | 'service-certificate-expired'
  | 'service-cut-off'
  | 'service-answer-too-large'
  | 'service-answer-malformed'
  | 'service-timed-out';
export class ServiceNetworkError extends CodedError<ServiceNetworkErrorCode> {}

/** What a device wants to know of a certificate that it was given. */
export interface CertificateFacts {
  /** Lower-case hex, as X.509 tools print it. */
  readonly serial: string;
  /** As `CN=...`, its parts from the most general on. */
  readonly subject: string;
  /** As `URI:...`, parts divided by `, `; empty without one. */
  readonly subjectAltName: string;
  /** Seconds since 1970. */
  readonly notBeforeSeconds: number;
  readonly notAfterSeconds: number;
  /** SEC 1 uncompressed point on P-256, 65 bytes. */
  readonly publicKey: Uint8Array;
}

/** Computations with keys that live no longer than a certificate; the device's own keys never come here. */
export interface DeviceKeys {
  /** ES256 with a P-256 scalar of 32 bytes: r ‖ s, low s, 64 bytes. */
  sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
  /**
   * Of the first certificate in this PEM text. Errors: `certificate-malformed` (no certificate, its key is not on named P-256, its
   * dates are none, or TLS would not take the text as a chain).
   */
  describeCertificate(pem: string): CertificateFacts;
  random(length: number): Uint8Array;
}

export type DeviceKeysErrorCode = 'certificate-malformed';
export class DeviceKeysError extends CodedError<DeviceKeysErrorCode> {}
