// Which application images may run on this device: signatures, rights and limits. Never looks at what an image does.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { GPIO_PINS } from '../../contracts/core/chip.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceCapability } from '../../contracts/core/device-capability.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import type { ImagePackage } from '../../contracts/core/image.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { SignerRole } from '../../contracts/core/image-signatures.ts';
import type { KeyRole, TrustedKey } from '../../contracts/core/trusted-keystore.ts';
import type { Chip } from '../hil/chip.ts';
import type { ImageTrust } from './abi/records.ts';
import { verifyP256 } from './boot/p256.ts';
import { CallRefusal } from './call-refusal.ts';

/** An application whose layout, digests and signature were checked, and what made it trusted. */
export interface TrustedApplication {
  readonly image: ImagePackage;
  readonly grants: Grants;
  readonly trust: ImageTrust;
}

export class TrustPolicy {
  readonly #keys: readonly TrustedKey[];
  readonly #chip: Pick<Chip, 'crypto' | 'fuses'>;
  readonly #memoryLimitBytes: number;

  constructor(keys: readonly TrustedKey[], chip: Pick<Chip, 'crypto' | 'fuses'>, memoryLimitBytes: number) {
    this.#keys = keys;
    this.#chip = chip;
    this.#memoryLimitBytes = memoryLimitBytes;
  }

  /**
   * Bytes of any origin → an application that may run here now, under the capability in force.
   * Errors: `image-invalid`, `image-kind-not-installable`, `image-not-trusted`, `memory-over-limit`.
   */
  check(bytes: Uint8Array, capability: DeviceCapability | undefined): TrustedApplication {
    const image = this.decode(bytes);
    const { grants } = image;
    if (grants === undefined) throw new CallRefusal('image-kind-not-installable', `an image of kind ${image.kind}`);
    const trust = this.trustOf(image, capability);
    if (trust === undefined) throw new CallRefusal('image-not-trusted', 'no signature that counts on this device');
    if (grants.memoryBytes > this.#memoryLimitBytes) {
      throw new CallRefusal(
        'memory-over-limit',
        `${grants.memoryBytes} bytes, the board has ${this.#memoryLimitBytes} for an app`,
      );
    }
    const noSuchPin = grants.gpioPins.find((pin) => pin >= GPIO_PINS);
    if (noSuchPin !== undefined) throw new CallRefusal('image-invalid', `the chip has no pin ${noSuchPin}`);
    return { image, grants, trust };
  }

  /** The service's signature always counts; the developer's own only under a capability that names its key. */
  trustOf(image: ImagePackage, capability: DeviceCapability | undefined): ImageTrust | undefined {
    if (this.#isSigned(image, 'service', this.#keysOf('serviceImage'))) return 'service';
    const inForce = capability?.rights.includes('appDevelopment') === true;
    const developmentKey = inForce ? capability.developmentKey : undefined;
    if (developmentKey !== undefined && this.#isSigned(image, 'publisher', [developmentKey])) return 'development';
    return undefined;
  }

  /** Whether a key of this role, named by its SHA-256, signed the message. */
  isSignedBy(role: KeyRole, keyId: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const key = this.#keyWithId(this.#keysOf(role), keyId);
    return key !== undefined && verifyP256(key, message, signature);
  }

  /** Layout and digests only. Errors: `image-invalid`. */
  decode(bytes: Uint8Array): ImagePackage {
    try {
      return decodeImage(bytes, (section) => this.#chip.crypto.sha256(section));
    } catch (cause) {
      if (isCoded(cause)) throw new CallRefusal('image-invalid', cause.code, { cause });
      throw cause;
    }
  }

  #isSigned(image: ImagePackage, role: SignerRole, keys: readonly Uint8Array[]): boolean {
    return image.signatures.some((slot) => {
      if (slot.role !== role || slot.algorithm !== 'ecdsa-p256-sha256') return false;
      const key = this.#keyWithId(keys, slot.keyId);
      return key !== undefined && verifyP256(key, image.signedBytes, slot.signature);
    });
  }

  #keysOf(role: KeyRole): readonly Uint8Array[] {
    return this.#keys.filter((key) => key.role === role).map(({ publicKey }) => publicKey);
  }

  /** A revoked key is none, whoever vouches for it: an old keystore put back would bring it back otherwise. */
  #keyWithId(keys: readonly Uint8Array[], keyId: Uint8Array): Uint8Array | undefined {
    if (this.#chip.fuses.isRevoked(keyId)) return undefined;
    return keys.find((key) => sameBytes(this.#chip.crypto.sha256(key), keyId));
  }
}
