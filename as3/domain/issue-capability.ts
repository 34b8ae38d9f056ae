// Issues device capability files. Never one that is good for more than one device, and never two with one serial.

import { concatBytes } from '../../contracts/core/bytes.ts';
import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import { deviceCapabilitySigningBytes, encodeDeviceCapabilityBody } from '../../contracts/core/device-capability.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { isP256Point } from '../../contracts/core/p256.ts';
import { AuthorityError } from './authority-error.ts';
import type { KeyStore, SerialCounter } from './ports.ts';
import { signerFor } from './signer-for.ts';

export interface CapabilityRequest {
  readonly deviceId: DeviceId;
  /** At least one, none twice. */
  readonly rights: readonly DeviceRight[];
  /** SEC 1 uncompressed P-256 point: images signed by its owner count on this device. With `appDevelopment`, never without. */
  readonly developmentKey: Uint8Array | undefined;
}

/**
 * The 256 bytes of a capability file with the next serial. A refused request spends no serial.
 * Errors: `capability-rights-malformed`, `capability-key-missing`, `capability-key-unwanted`, `capability-key-malformed`,
 * `capability-serials-exhausted`.
 */
export async function issueDeviceCapability(
  request: CapabilityRequest,
  keys: KeyStore,
  serials: SerialCounter,
): Promise<Uint8Array> {
  checkRequest(request);
  const signer = await signerFor(keys, 'device-capability');
  const body = encodeDeviceCapabilityBody({ ...request, serial: await serials.next() });
  const signature = await signer.sign(deviceCapabilitySigningBytes(body), 'p1363');
  return concatBytes(body, signer.keyId, signature);
}

function checkRequest({ rights, developmentKey }: CapabilityRequest): void {
  if (rights.length === 0 || new Set(rights).size !== rights.length) {
    throw new AuthorityError('capability-rights-malformed', 'at least one right, and none twice', { fault: 'caller' });
  }
  if (!rights.includes('appDevelopment')) {
    if (developmentKey === undefined) return;
    throw new AuthorityError('capability-key-unwanted', 'a development key needs the right appDevelopment', {
      fault: 'caller',
    });
  }
  if (developmentKey === undefined) {
    throw new AuthorityError(
      'capability-key-missing',
      'appDevelopment needs the public key that development images are signed with',
      {
        fault: 'caller',
        hint: 'pass --development-key with the base64 of the 65-byte public point',
      },
    );
  }
  if (!isP256Point(developmentKey)) {
    throw new AuthorityError('capability-key-malformed', 'not an uncompressed point on P-256', { fault: 'caller' });
  }
}
