// The one device capability that is in force. Never one for another device, and never one whose serial was used before.

import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceCapability, SignedDeviceCapability } from '../../contracts/core/device-capability.ts';
import { decodeDeviceCapability } from '../../contracts/core/device-capability.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { TrustPolicy } from './trust-policy.ts';

export class CapabilitySlot {
  readonly #state: SealedState;
  readonly #policy: TrustPolicy;
  readonly #deviceId: DeviceId;
  #hadDevelopment = false;

  constructor(state: SealedState, policy: TrustPolicy, deviceId: DeviceId) {
    this.#state = state;
    this.#policy = policy;
    this.#deviceId = deviceId;
    this.#noteDevelopment();
  }

  /** Checked again at each use: a keystore that no longer has its key takes the file out of force. */
  get inForce(): DeviceCapability | undefined {
    const { capabilityFile } = this.#state.current;
    return capabilityFile === undefined ? undefined : this.#trusted(capabilityFile);
  }

  /** Whether appDevelopment is in force or was at any time of this boot: what ran then may have left something behind. */
  get hadDevelopment(): boolean {
    return this.#hadDevelopment;
  }

  /** Errors: `capability-not-trusted`, `capability-wrong-device`, `capability-replayed`. */
  apply(file: Uint8Array): void {
    const capability = this.#trusted(file);
    if (capability === undefined)
      throw new CallRefusal('capability-not-trusted', 'no service of this device signed it');
    if (capability.deviceId !== this.#deviceId) {
      throw new CallRefusal('capability-wrong-device', `for device ${capability.deviceId.slice(0, 16)}…`);
    }
    const spent = this.#state.current.capabilitySerial;
    // A right that was taken back would return with the old file, which is still well signed.
    if (capability.serial <= spent)
      throw new CallRefusal('capability-replayed', `serial ${capability.serial}, ${spent} is spent`);
    this.#state.replace({ ...this.#state.current, capabilityFile: file, capabilitySerial: capability.serial });
    this.#noteDevelopment();
  }

  /** Its serial stays spent. */
  remove(): void {
    if (this.#state.current.capabilityFile === undefined) return;
    this.#state.replace({ ...this.#state.current, capabilityFile: undefined });
  }

  #noteDevelopment(): void {
    if (this.inForce?.rights.includes('appDevelopment') === true) this.#hadDevelopment = true;
  }

  #trusted(file: Uint8Array): SignedDeviceCapability | undefined {
    try {
      const capability = decodeDeviceCapability(file);
      const { keyId, signedBytes, signature } = capability;
      return this.#policy.isSignedBy('deviceCapability', keyId, signedBytes, signature) ? capability : undefined;
    } catch (error) {
      if (isCoded(error)) return undefined;
      throw error;
    }
  }
}
