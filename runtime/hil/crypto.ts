// The chip's crypto block. Types only. Keys in its slots sign and authenticate, and are never read out.

/** Slots: `identity` is the fused P-256 key; `deviceSecret` keys the MACs that bind flash to this chip. */
export interface CryptoBlock {
  sha256(bytes: Uint8Array): Uint8Array;
  sha512(bytes: Uint8Array): Uint8Array;
  /** SEC 1 uncompressed point of the identity key, 65 bytes. */
  identityPublicKey(): Uint8Array;
  /** ECDSA P-256 with SHA-256 over `message`, r ‖ s, 64 bytes. Only evidence that the monitor assembled is ever passed here. */
  signWithIdentity(message: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 under a key derived from the device secret and `purpose`, 32 bytes. */
  deviceMac(purpose: string, message: Uint8Array): Uint8Array;
  /**
   * AES-256-GCM (NIST SP 800-38D) under a key derived from the device secret, `purpose` and `context`: ciphertext, then 16 bytes of tag.
   * `nonce`: 12 bytes, never twice for one key.
   */
  deviceSeal(key: DeviceKeyName, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** What `deviceSeal` sealed; `undefined` for anything else. */
  deviceOpen(key: DeviceKeyName, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined;
  /** From the chip's entropy source. */
  random(length: number): Uint8Array;
}

/** Which of the keys that the device secret stands for. */
export interface DeviceKeyName {
  readonly purpose: string;
  readonly context: Uint8Array;
}

/** What the block is made of: pure functions, handed in by whoever builds the chip. Keys are arguments here, slots above. */
export interface CryptoPrimitives {
  sha256(bytes: Uint8Array): Uint8Array;
  sha512(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** AES-256-GCM with a nonce of 12 bytes: ciphertext, then 16 bytes of tag. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** `undefined`: not sealed so. */
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined;
  /** SEC 1 uncompressed point of this P-256 scalar, 65 bytes. */
  p256PublicKey(privateKey: Uint8Array): Uint8Array;
  /** ECDSA P-256 with SHA-256, r ‖ s, 64 bytes. */
  signP256(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
}

/** A source of `length` random bytes: the host's, or a seeded one for replay. */
export type Entropy = (length: number) => Uint8Array;

export type CryptoFaultCode = 'key-not-fused';
