// Makes a device's evidence out of what the monitor itself knows. Never signs a claim that the OS handed in, beyond the nonce.

import { p256 } from '@noble/curves/nist.js';
import { encodeSign1, sign1SignedBytes } from '../../contracts/core/cose-sign1.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import type { EvidenceComponent, SecurityLifecycle } from '../../contracts/core/evidence.ts';
import {
  APP_MEASUREMENT,
  BOOT_SEED_BYTES,
  OS_CLIENT_ID,
  encodeEvidenceClaims,
  implementationIdOf,
  instanceIdOf,
} from '../../contracts/core/evidence.ts';
import { p256ScalarFrom, toLowS } from '../../contracts/core/p256.ts';
import type { Machine } from '../hil/chip.ts';
import type { Lifecycle } from '../hil/fuses.ts';
import type { AttestedKey, Attestation, KeyPurpose } from './abi/service-records.ts';
import type { MeasuredLine } from './boot/measured-line.ts';
import type { SealedState } from './sealed-state.ts';

/** What the fuses say, in the terms of RFC 9783, section 4.3.1. */
const LIFECYCLE: Readonly<Record<Lifecycle, SecurityLifecycle>> = {
  Blank: 'assemblyAndTest',
  Module1Complete: 'provisioning',
  DeviceComplete: 'secured',
};
/** Enough that a scalar made of it shows no bias (`p256ScalarFrom`). */
const SCALAR_ENTROPY_BYTES = 48;

export class Attester {
  readonly #machine: Machine;
  readonly #state: SealedState;
  readonly #bootSeed: Uint8Array;
  #isCounted = false;

  /** Once for each boot: the boot seed is its own. */
  constructor(machine: Machine, state: SealedState) {
    this.#machine = machine;
    this.#state = state;
    this.#bootSeed = machine.chip.crypto.random(BOOT_SEED_BYTES);
  }

  /**
   * A token over `nonce` (32, 48 or 64 bytes) and all of the log; with `withKeys` also two fresh TLS keys, whose public halves it
   * claims. `hadDevelopment`: whether somebody could run code of their own in this boot. Errors: those of sealing the boot count.
   */
  attest(nonce: Uint8Array, withKeys: boolean, log: readonly MeasuredLine[], hadDevelopment: boolean): Attestation {
    const { chip, straps } = this.#machine;
    const { crypto } = chip;
    const sha256 = (bytes: Uint8Array): Uint8Array => crypto.sha256(bytes);
    const identityKey = crypto.identityPublicKey();
    const keys = withKeys ? [this.#freshKey('update'), this.#freshKey('customer')] : [];
    const publicOf = (purpose: KeyPurpose): Uint8Array | undefined =>
      keys.find((key) => key.purpose === purpose)?.publicKey;
    const payload = encodeEvidenceClaims({
      nonce,
      instanceId: instanceIdOf(identityKey, sha256),
      clientId: OS_CLIENT_ID,
      securityLifecycle: hadDevelopment ? 'nonPsaRotDebug' : LIFECYCLE[chip.fuses.lifecycle()],
      implementationId: implementationIdOf(straps.board, romDigest(log), sha256),
      bootSeed: this.#bootSeed,
      components: log.map(componentOf),
      deviceId: deviceIdOf(identityKey, (bytes) => crypto.sha512(bytes)),
      identityKey,
      bootCount: this.#countBoot(),
      board: straps.board,
      certificateKey: publicOf('update'),
      customerKey: publicOf('customer'),
    });
    return { evidence: encodeSign1(payload, toLowS(crypto.signWithIdentity(sign1SignedBytes(payload)))), keys };
  }

  /** Sealed before the first token leaves: a count that could be given out twice would make a clone look like the device. */
  #countBoot(): number {
    if (!this.#isCounted) {
      const { current } = this.#state;
      this.#state.replace({ ...current, bootCount: current.bootCount + 1 });
      this.#isCounted = true;
    }
    return this.#state.current.bootCount;
  }

  /** From the chip's own entropy: one that the OS could foresee would be no secret from it. */
  #freshKey(purpose: KeyPurpose): AttestedKey {
    const privateKey = p256ScalarFrom(this.#machine.chip.crypto.random(SCALAR_ENTROPY_BYTES));
    return { purpose, privateKey, publicKey: p256.getPublicKey(privateKey, false) };
  }
}

/** The version of the engine is its name; everything else has the rollback index, which the monitor itself checks. */
function componentOf({ stage, name, digest, rollbackIndex, signerId }: MeasuredLine): EvidenceComponent {
  const measurementType = stage === 'app' ? APP_MEASUREMENT + name : stage;
  return { measurementType, digest, version: stage === 'engine' ? name : String(rollbackIndex), signerId };
}

function romDigest(log: readonly MeasuredLine[]): Uint8Array {
  return log.find(({ stage }) => stage === 'rom')?.digest ?? new Uint8Array(0);
}
