// One-way fuses. Types only. A burnt bit never comes back; the key row never leaves the chip.

/** What the rows hold; a row is written once at manufacture, the thermometers one bit at a time for life. */
export interface Fuses {
  /** SHA-256 of the platform's public key that the ROM trusts, 32 bytes; all zero while Blank. */
  platformKeyDigest(): Uint8Array;
  lifecycle(): Lifecycle;
  /** Number of burnt bits: the lowest rollback index that may still boot. */
  rollbackFloor(stage: BootStage): number;
  /** Only forward; errors: `fuse-backwards`. */
  raiseRollbackFloor(stage: BootStage, floor: number): void;
  /** Blank → Module1Complete → DeviceComplete; errors: `fuse-backwards`. */
  advanceLifecycle(to: Lifecycle): void;
  /** Whether this platform key (by SHA-256) was revoked. */
  isRevoked(keyDigest: Uint8Array): boolean;
}

export type Lifecycle = 'Blank' | 'Module1Complete' | 'DeviceComplete';
export type BootStage = 'plutonRuntime' | 'monitor' | 'os' | 'trustedKeystore';
export type FuseFaultCode = 'fuse-backwards' | 'fuse-out-of-range' | 'fuse-already-written' | 'fuse-rows-full';

/** The key rows as the crypto block alone is wired to them; `undefined` while not written. */
export interface KeyRows {
  identityKey(): Uint8Array | undefined;
  deviceSecret(): Uint8Array | undefined;
}

/** What the manufacturing station writes, once, into a Blank chip. */
export interface FuseProgrammer {
  /** P-256 private scalar, 32 bytes. From then on only the crypto block can use it. Errors: `fuse-already-written`. */
  writeIdentityKey(privateKey: Uint8Array): void;
  writePlatformKeyDigest(digest: Uint8Array): void;
  /** 32 bytes: the root of every key that the chip derives (state record, storage). */
  writeDeviceSecret(secret: Uint8Array): void;
  /** From then on nothing that this key (by SHA-256) signed boots. Errors: `fuse-rows-full`. */
  revokePlatformKey(digest: Uint8Array): void;
}
