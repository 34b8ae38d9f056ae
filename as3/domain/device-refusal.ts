// Why the service refuses a device, or what an operator says about one, as a closed list. Never carries what another catalog holds.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { EvidenceRefusal } from './verify-evidence.ts';

export type DeviceRefusalCode =
  | EvidenceRefusal
  | 'device-id-malformed'
  /** Not 32 bytes. */
  | 'time-nonce-malformed'
  /** No factory that the service trusts has endorsed this device. */
  | 'device-unknown'
  /** Endorsed, and in no catalog. */
  | 'device-unclaimed'
  /** The catalog wants a publisher's signature on its apps, and no publisher's key is registered. */
  | 'catalog-without-publisher-key'
  /** The evidence names another board than the factory did. */
  | 'evidence-board-wrong'
  /** The evidence asks for no certificates, or for two with one key. */
  | 'certificate-keys-missing'
  /** Not a nonce of this service, or not for this device or catalog. */
  | 'nonce-not-ours'
  | 'nonce-expired'
  /** Evidence over this nonce was accepted before. */
  | 'nonce-replayed'
  | 'device-certificate-missing'
  /** Not one that the update CA issued to a device. */
  | 'device-certificate-refused'
  | 'device-certificate-expired'
  /** A CA of the service has reached its end: it issues no more. */
  | 'certificate-authority-expired';

/** `details.claim` names the claim of the evidence that failed, where one did. */
export class DeviceRefusal extends CodedError<DeviceRefusalCode> {}
