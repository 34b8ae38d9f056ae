// Why a boot stopped: a closed list, and the outcome that a stage hands back. An outcome is data, so no error class crosses stages.

import { CodedError } from '../../../contracts/core/coded-error.ts';
import type { MeasuredStage } from '../../../contracts/core/measurement.ts';

export type BootErrorCode =
  /** No platform key digest is fused: the device was never manufactured. */
  | 'chip-blank'
  /** The Pluton runtime's image carries no `platform-key.bin`, or one that the fuses do not know. */
  | 'platform-key-missing'
  | 'platform-key-not-fused'
  /** The stage's part of the flash is empty, or what it says cannot be. */
  | 'stage-missing'
  | 'stage-image-invalid'
  | 'stage-kind-wrong'
  /** No platform signature; one by a key that nobody vouches for; one by a revoked key; one that is none of this image. */
  | 'stage-signature-missing'
  | 'stage-key-unknown'
  | 'stage-key-revoked'
  | 'stage-signature-invalid'
  | 'stage-rolled-back'
  /** Verified, and then it threw or was no stage at all. */
  | 'stage-crashed'
  | 'keystore-invalid'
  /** Neither copy of the sealed state record belongs to this chip at this point of its life. */
  | 'state-record-invalid'
  /** The state could not be sealed anew, though neither counter nor flash is at its life's end. */
  | 'state-seal-failed'
  /** The OS image carries no `compartment.mjs`. */
  | 'os-runner-missing'
  /** The OS image carries no `build-time`, or one that is no time. */
  | 'os-build-time-missing'
  | 'os-start-failed';

export class BootError extends CodedError<BootErrorCode> {
  readonly stage: MeasuredStage;

  constructor(code: BootErrorCode, stage: MeasuredStage, message: string, cause?: unknown) {
    super(code, message, { details: { stage }, ...(cause === undefined ? {} : { cause }) });
    this.stage = stage;
  }
}

export type BootOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly stage: MeasuredStage; readonly code: BootErrorCode; readonly detail: string };

/** Runs a stage's work and turns whatever it throws into an outcome; what is no `BootError` is a crash of `stage`. */
export async function outcomeOf(stage: MeasuredStage, work: () => Promise<BootOutcome>): Promise<BootOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BootError) return { ok: false, stage: error.stage, code: error.code, detail: error.message };
    return { ok: false, stage, code: 'stage-crashed', detail: error instanceof Error ? error.message : String(error) };
  }
}
