// What a device says to its service and what it hears back: paths, bodies, bounds. Never anything that an operator may do: that
// is another listener.

/**
 * HTTPS; the server's chain is server certificate, service TLS CA, and the root CA that devices have in their keystore. JSON
 * bodies but for TUF metadata and images, which come as they are. `open`: without a client certificate; what is in the
 * body proves who speaks. `device`: under a current update certificate. Byte strings are base64 (RFC 4648 section 4).
 */
export const DEVICE_API = {
  /** TimeRequest → TimeAnswer */
  time: { method: 'POST', path: '/device/v1/time', access: 'open' },
  /** NonceRequest → NonceAnswer */
  nonce: { method: 'POST', path: '/device/v1/nonce', access: 'open' },
  /** AttestRequest → AttestAnswer */
  attest: { method: 'POST', path: '/device/v1/attest', access: 'open' },
  /** GET /device/v1/metadata/FILE: `N.root.json`, `timestamp.json`, `N.snapshot.json`, `N.targets.json` of this device's director. */
  metadata: { method: 'GET', path: '/device/v1/metadata/', access: 'device' },
  /** GET /device/v1/targets/images/SHA256.IMAGE-ID: the image package of a target (TUF 1.0 section 6.2.3 puts the digest before the name). */
  targets: { method: 'GET', path: '/device/v1/targets/', access: 'device' },
  /** ReportRequest → ReportAnswer */
  reports: { method: 'POST', path: '/device/v1/reports', access: 'device' },
} as const;

export interface TimeRequest {
  /** 32 bytes of the device's monitor. */
  readonly nonce: string;
}
export interface TimeAnswer {
  /** Seconds since 1970. */
  readonly seconds: number;
  /** 64 bytes, r ‖ s, by the time key over contracts/core/signed-time.ts. */
  readonly signature: string;
}

export interface NonceRequest {
  /** 128 hex digits. */
  readonly deviceId: string;
}
export interface NonceAnswer {
  /** 48 bytes, good once and for this device. */
  readonly nonce: string;
  readonly expiresInSeconds: number;
}

export interface AttestRequest {
  /** A token of contracts/core/evidence.ts over the nonce, with both certificate keys. */
  readonly evidence: string;
}
export interface AttestAnswer {
  /** A claim statement (contracts/core/claim-statement.ts), 256 bytes. */
  readonly claim: string;
  readonly certificates: {
    /** For this API alone. PEM: device certificate, update CA, policy CA. */
    readonly update: string;
    /** For the customer's own clouds. PEM: device certificate, tenant CA of the catalog, policy CA. */
    readonly customer: string;
  };
}

export interface ReportRequest {
  /** COSE_Sign1 over contracts/wire/failure-report.ts, signed with the update certificate's key. */
  readonly report: string;
}
export interface ReportAnswer {
  /** Events that were stored; one that was sent before is not stored twice. */
  readonly accepted: number;
}

/** Every refusal: `{"error":{"code","message","hint"?,"details"?}}` with a status of 4xx or 5xx. */
export interface DeviceApiRefusal {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

/** Bounds in bytes of a body, either way. */
export const DEVICE_API_MAX_BYTES = {
  request: 64 * 1024,
  answer: 64 * 1024,
  metadata: 64 * 1024,
} as const;
export const SERVICE_NONCE_BYTES = 48;
