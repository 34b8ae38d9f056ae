// Why a look for updates failed as a whole, or why one image was not taken. Never a refusal of the monitor: those keep the
// monitor's own codes (secure-calls.ts); the network's keep the network's (service-port.ts).

import { CodedError } from '../../../contracts/core/coded-error.ts';

/**
 * - `update-time-unknown`: no signed time since power-on, so nobody can say what has expired;
 * - `update-service-refused`: the service answered with another status than 200;
 * - `update-metadata-malformed`: not TUF metadata, or not such as a director makes;
 * - `update-root-chain-broken`: a root that its predecessor's keys, or its own, did not sign, or of another version than asked for;
 * - `update-signature-invalid`: too few keys of the role signed;
 * - `update-metadata-expired`: good once; somebody may be holding newer metadata back (freeze attack);
 * - `update-metadata-rolled-back`: a lower version than was accepted before;
 * - `update-metadata-mismatch`: not the file that its parent names by version, length and digest (mix and match);
 * - `update-wrong-device`, `update-wrong-catalog`: another device's director, or another catalog than the claimed one;
 * - `update-target-mismatch`: an image that is not what the director named;
 * - `update-target-missing`: the service does not have an image that its director named.
 */
export type UpdateErrorCode =
  | 'update-time-unknown'
  | 'update-service-refused'
  | 'update-metadata-malformed'
  | 'update-root-chain-broken'
  | 'update-signature-invalid'
  | 'update-metadata-expired'
  | 'update-metadata-rolled-back'
  | 'update-metadata-mismatch'
  | 'update-wrong-device'
  | 'update-wrong-catalog'
  | 'update-target-mismatch'
  | 'update-target-missing';

export class UpdateError extends CodedError<UpdateErrorCode> {}
