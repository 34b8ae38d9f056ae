// What one boot stage gives the next, and the one way to enter it. Nothing else of a stage outlives it.

import type { Machine } from '../../hil/chip.ts';
import type { BootOutcome } from './boot-error.ts';
import { BootError } from './boot-error.ts';
import type { MeasuredLine } from './measured-line.ts';
import type { VerifiedStage } from './verified-stage.ts';

/** ROM → Pluton runtime. */
export interface PlutonHandover {
  readonly machine: Machine;
  readonly log: readonly MeasuredLine[];
  /** The platform key whose digest is fused, 65 bytes. */
  readonly platformKey: Uint8Array;
}

/** Pluton runtime → monitor. */
export interface MonitorHandover {
  readonly machine: Machine;
  readonly log: readonly MeasuredLine[];
  /** The component section of the verified keystore image. */
  readonly keystore: Uint8Array;
  /** Its files section: the service's CA and TUF root. */
  readonly keystoreFiles: Uint8Array;
}

/** A stage bundle's default export. */
export type Stage<Handover> = (handover: Handover) => Promise<BootOutcome>;

/** The log with one more line, shown on the boot console. */
export function measured(machine: Machine, log: readonly MeasuredLine[], line: MeasuredLine): readonly MeasuredLine[] {
  machine.trace({ ok: true, stage: line.stage, digest: line.digest });
  return [...log, line];
}

/** Enters exactly the bytes that were verified. Errors: `stage-crashed`. */
export async function enterStage(
  machine: Machine,
  stage: VerifiedStage,
  handover: PlutonHandover | MonitorHandover,
): Promise<BootOutcome> {
  const name = stage.measurement.stage;
  try {
    return readOutcome(await machine.enterStage(stage.image.component, handover), name);
  } catch (cause) {
    throw new BootError('stage-crashed', name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** A stage is trusted code, yet its answer comes from another module graph: only its form is relied on. */
function readOutcome(value: unknown, stage: MeasuredLine['stage']): BootOutcome {
  if (typeof value === 'object' && value !== null && 'ok' in value) return value as BootOutcome;
  throw new BootError('stage-crashed', stage, 'the stage answered no outcome');
}
