// A line of the measurement log as the secure world keeps it: with the key that let the bytes run. Never made before they were verified.

import type { Measurement } from '../../../contracts/core/measurement.ts';

export interface MeasuredLine extends Measurement {
  /** SHA-256 of the public key whose signature counted; `undefined` for ROM and engine, which nobody signs for the device. */
  readonly signerId: Uint8Array | undefined;
}
