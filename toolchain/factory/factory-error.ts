// Why the manufacturing station and the bench around a device refuse, as a closed list. Never carries key material.

import { CodedError } from '../../contracts/core/coded-error.ts';

export type FactoryErrorCode =
  // Bundles and releases.
  | 'bundle-failed'
  /** The text that an attack's build changes does not stand in the module exactly once. */
  | 'source-edit-missed'
  | 'bundle-import-left'
  | 'bundle-export-missing'
  // The authority's child process.
  | 'authority-failed'
  | 'trust-anchors-malformed'
  // Devices and the profile's folder.
  | 'device-name-malformed'
  | 'device-exists'
  | 'device-missing'
  | 'device-record-malformed'
  /** The list of the station's devices has none in it. */
  | 'no-devices-made'
  | 'signing-key-malformed'
  | 'signing-key-exposed'
  | 'state-folder-unusable'
  // Power and the cables.
  | 'boot-refused'
  | 'device-already-on'
  | 'power-failed'
  | 'device-off'
  | 'device-link-closed'
  | 'device-link-timeout'
  | 'device-reply-malformed'
  | 'world-link-closed'
  | 'line-too-long';
export class FactoryError extends CodedError<FactoryErrorCode> {}

/** A refusal of another program (authority, device), under that program's own code. */
export class RelayedRefusal extends CodedError {}
