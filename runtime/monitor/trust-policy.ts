// Which application images may run on this device: signatures, rights and limits. Never looks at what an image does.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { GPIO_PINS } from '../../contracts/core/chip.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceCapability } from '../../contracts/core/device-capability.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import type { ImagePackage } from '../../contracts/core/image.ts';
import { NO_CATALOG, decodeImage } from '../../contracts/core/image.ts';
import type { SignerRole } from '../../contracts/core/image-signatures.ts';
import type { KeyRole, TrustedKey } from '../../contracts/core/trusted-keystore.ts';
import type { Chip } from '../hil/chip.ts';
import type { ImageTrust } from './abi/records.ts';
import type { ClaimFacts } from './abi/service-records.ts';
import { verifyP256, verifyP256ByKeyId } from './boot/p256.ts';
import { CallRefusal } from './call-refusal.ts';

/** An application whose layout, digests and signature were checked, and what made it trusted. */
export interface TrustedApplication {
  readonly image: ImagePackage;
  readonly grants: Grants;
  readonly trust: ImageTrust;
  /** SHA-256 of the key whose signature counted: the service's, or the developer's. */
  readonly signerId: Uint8Array;
}

/** What this device is told about whose images it takes, beside its keystore. */
export interface Standing {
  /** The capability in force. */
  readonly capability: DeviceCapability | undefined;
  readonly claim: ClaimFacts | undefined;
}

/** What lets an image run here, or why nothing does. */
export type TrustVerdict =
  | { readonly ok: true; readonly trust: ImageTrust; readonly signerId: Uint8Array }
  | { readonly ok: false; readonly refusal: CallRefusal };

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
   * Bytes of any origin → an application that may run here now. Errors: `image-invalid`, `image-kind-not-installable`,
   * `image-not-trusted`, `image-wrong-catalog`, `image-publisher-signature-missing`, `memory-over-limit`.
   */
  check(bytes: Uint8Array, standing: Standing): TrustedApplication {
    const image = this.decode(bytes);
    const { grants } = image;
    if (grants === undefined) throw new CallRefusal('image-kind-not-installable', `an image of kind ${image.kind}`);
    const verdict = this.judge(image, standing);
    if (!verdict.ok) throw verdict.refusal;
    if (grants.memoryBytes > this.#memoryLimitBytes) {
      throw new CallRefusal(
        'memory-over-limit',
        `${grants.memoryBytes} bytes, the board has ${this.#memoryLimitBytes} for an app`,
      );
    }
    const noSuchPin = grants.gpioPins.find((pin) => pin >= GPIO_PINS);
    if (noSuchPin !== undefined) throw new CallRefusal('image-invalid', `the chip has no pin ${noSuchPin}`);
    return { image, grants, trust: verdict.trust, signerId: verdict.signerId };
  }

  /**
   * The service's signature counts for images of the device's catalog that the publisher signed too; the developer's own only
   * under a capability that names its key, of whatever catalog.
   */
  judge(image: ImagePackage, { capability, claim }: Standing): TrustVerdict {
    const service = this.#judgeForService(image, claim);
    if (service.ok) return service;
    const inForce = capability?.rights.includes('appDevelopment') === true;
    const developmentKey = inForce ? capability.developmentKey : undefined;
    const developer = developmentKey && this.#signerOf(image, 'publisher', [developmentKey]);
    if (developer !== undefined) return { ok: true, trust: 'development', signerId: developer };
    return service;
  }

  /** Whether a key of this role, named by its SHA-256, signed the message. */
  isSignedBy(role: KeyRole, keyId: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const key = this.#keyWithId(this.#keysOf(role), keyId);
    return key !== undefined && verifyP256(key, message, signature);
  }

  /** Whether any key of this role signed the message. */
  isSignedByAny(role: KeyRole, message: Uint8Array, signature: Uint8Array): boolean {
    const standing = this.#keysOf(role).filter((key) => !this.#isRevoked(this.#chip.crypto.sha256(key)));
    return standing.some((key) => verifyP256(key, message, signature));
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

  #judgeForService(image: ImagePackage, claim: ClaimFacts | undefined): TrustVerdict {
    const signerId = this.#signerOf(image, 'service', this.#keysOf('serviceImage'));
    if (signerId === undefined)
      return { ok: false, refusal: new CallRefusal('image-not-trusted', 'no signature that counts on this device') };
    const refusal = this.#refusalUnder(claim, image);
    return refusal === undefined ? { ok: true, trust: 'service', signerId } : { ok: false, refusal };
  }

  /** Why an image that the service signed is still not this device's. */
  #refusalUnder(claim: ClaimFacts | undefined, image: ImagePackage): CallRefusal | undefined {
    // One service has many customers: without this another one's app, well signed, would run here.
    if (claim === undefined) return new CallRefusal('image-wrong-catalog', 'the device is of no catalog yet');
    if (image.catalogId === NO_CATALOG || image.catalogId !== claim.catalogId)
      return new CallRefusal('image-wrong-catalog', `an image of catalog ${image.catalogId}`);
    const { publisherKeyId } = claim;
    // Whoever takes the service has its image key, and still not the publisher's, which was never there.
    if (publisherKeyId !== undefined && !this.#isPublishedBy(publisherKeyId, image))
      return new CallRefusal('image-publisher-signature-missing', "not signed by the catalog's publisher");
    return undefined;
  }

  #isPublishedBy(publisherKeyId: Uint8Array, image: ImagePackage): boolean {
    if (this.#isRevoked(publisherKeyId)) return false;
    return image.signatures.some(
      ({ role, algorithm, keyId, signature }) =>
        role === 'publisher' &&
        algorithm === 'ecdsa-p256-sha256' &&
        sameBytes(keyId, publisherKeyId) &&
        verifyP256ByKeyId(publisherKeyId, image.signedBytes, signature, (bytes) => this.#chip.crypto.sha256(bytes)),
    );
  }

  /** The id of the first of these keys that signed the image in this role. */
  #signerOf(image: ImagePackage, role: SignerRole, keys: readonly Uint8Array[]): Uint8Array | undefined {
    const slot = image.signatures.find((candidate) => {
      if (candidate.role !== role || candidate.algorithm !== 'ecdsa-p256-sha256') return false;
      const key = this.#keyWithId(keys, candidate.keyId);
      return key !== undefined && verifyP256(key, image.signedBytes, candidate.signature);
    });
    return slot?.keyId.slice();
  }

  #keysOf(role: KeyRole): readonly Uint8Array[] {
    return this.#keys.filter((key) => key.role === role).map(({ publicKey }) => publicKey);
  }

  #keyWithId(keys: readonly Uint8Array[], keyId: Uint8Array): Uint8Array | undefined {
    if (this.#isRevoked(keyId)) return undefined;
    return keys.find((key) => sameBytes(this.#chip.crypto.sha256(key), keyId));
  }

  /** A revoked key is none, whoever vouches for it: an old keystore put back would bring it back otherwise. */
  #isRevoked(keyId: Uint8Array): boolean {
    return this.#chip.fuses.isRevoked(keyId);
  }
}
