// Whose device this is: bound once, by a statement that the service signed for this device. Never given up, and never another catalog's.

import { sameBytes } from '../../contracts/core/bytes.ts';
import type { SignedClaimStatement } from '../../contracts/core/claim-statement.ts';
import { decodeClaimStatement } from '../../contracts/core/claim-statement.ts';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { NO_CATALOG } from '../../contracts/core/image.ts';
import type { ClaimFacts } from './abi/service-records.ts';
import { CallRefusal } from './call-refusal.ts';
import type { SealedState } from './sealed-state.ts';
import type { TrustPolicy } from './trust-policy.ts';

export class ClaimSlot {
  readonly #state: SealedState;
  readonly #policy: TrustPolicy;
  readonly #deviceId: DeviceId;

  constructor(state: SealedState, policy: TrustPolicy, deviceId: DeviceId) {
    this.#state = state;
    this.#policy = policy;
    this.#deviceId = deviceId;
  }

  /** `undefined`: nobody's yet. */
  get current(): ClaimFacts | undefined {
    return this.#state.current.claim;
  }

  /**
   * Binds the device, or does nothing when it is bound in just this way. Errors: `claim-not-trusted`, `claim-wrong-device`,
   * `claim-replayed`, `claim-conflict`, and those of sealing.
   */
  bind(statement: Uint8Array): void {
    const { deviceId, catalogId, publisherKeyId, epoch } = this.#trusted(statement);
    if (deviceId !== this.#deviceId)
      throw new CallRefusal('claim-wrong-device', `for device ${deviceId.slice(0, 16)}…`);
    // Development images name no catalog: a device of that one would take any of them that the service signed.
    if (catalogId === NO_CATALOG) throw new CallRefusal('claim-not-trusted', 'it names no catalog');
    const { current } = this;
    if (current !== undefined) {
      if (epoch < current.epoch)
        throw new CallRefusal('claim-replayed', `epoch ${epoch}, the device is in ${current.epoch}`);
      // A taken service could otherwise take a fleet over, or drop the publisher's signature that stands against it.
      if (catalogId !== current.catalogId || !sameKey(publisherKeyId, current.publisherKeyId))
        throw new CallRefusal('claim-conflict', `the device is of catalog ${current.catalogId}`);
      if (epoch === current.epoch) return;
    }
    this.#state.replace({ ...this.#state.current, claim: { catalogId, publisherKeyId, epoch } });
  }

  #trusted(bytes: Uint8Array): SignedClaimStatement {
    const statement = decoded(bytes);
    const { keyId, signedBytes, signature } = statement;
    if (!this.#policy.isSignedBy('deviceClaim', keyId, signedBytes, signature))
      throw new CallRefusal('claim-not-trusted', 'no service of this device signed it');
    return statement;
  }
}

function decoded(bytes: Uint8Array): SignedClaimStatement {
  try {
    return decodeClaimStatement(bytes);
  } catch (cause) {
    if (isCoded(cause)) throw new CallRefusal('claim-not-trusted', cause.code, { cause });
    throw cause;
  }
}

function sameKey(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}
