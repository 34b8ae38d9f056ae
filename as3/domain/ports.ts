// What the authority needs from outside: keys, serials, time. Types only; a private key never comes through any of them.

import type { AuthorityKeyName } from './authority-keys.ts';

/** One private key that can be used and not read. */
export interface Signer {
  /** SEC 1 uncompressed point. */
  readonly publicKey: Uint8Array;
  /** SubjectPublicKeyInfo in PEM (RFC 7468), with its last line feed. */
  readonly publicKeyPem: string;
  /** SHA-256 of `publicKey`, 32 bytes. */
  readonly keyId: Uint8Array;
  /**
   * ECDSA with SHA-256 over `message`, s in the lower half of the order. `p1363` is r ‖ s of 64 bytes (our layouts),
   * `der` is the ASN.1 sequence (TUF, X.509).
   */
  sign(message: Uint8Array, form: 'p1363' | 'der'): Promise<Uint8Array>;
}

export interface KeyStore {
  /** Errors: `AuthorityErrorCode` when the key is missing or unreadable. */
  signer(name: AuthorityKeyName): Promise<Signer>;
}

/** Device capability serials. */
export interface SerialCounter {
  /** A number above all that were given before; durable before it is given. */
  next(): Promise<bigint>;
}

export interface Clock {
  /** Milliseconds since 1970, UTC. */
  nowMs(): number;
}
