// What a service's authority tells the manufacturing station: the public keys that its devices must trust. Never a private key.

/** One JSON object. Every key is the base64 (RFC 4648 section 4) of a SEC 1 uncompressed P-256 point of 65 bytes. */
export interface TrustAnchorsText {
  /** Signs Pluton runtime, monitor, OS and keystore images; its SHA-256 is burnt into the fuses. */
  readonly platformKey: string;
  /** Signs applications. */
  readonly serviceImageKey: string;
  /** Signs device capability files. */
  readonly deviceCapabilityKey: string;
  /** Signs {nonce, time}. */
  readonly timeKey: string;
  /** Signs claim statements. */
  readonly deviceClaimKey: string;
  /** Base64 of the DER of the service's root CA certificate. */
  readonly serviceCa: string;
  /** The JSON text of TUF root version 1, byte for byte as devices store it. */
  readonly tufRoot: string;
}

/** How a command of the authority says on standard error why it refused; one JSON object. */
export interface AuthorityRefusal {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details?: unknown;
  };
}

/** Bound of either text. A root certificate has about 600 bytes, a TUF root of four keys about 2 KiB. */
export const TRUST_ANCHORS_MAX_BYTES = 64 * 1024;
