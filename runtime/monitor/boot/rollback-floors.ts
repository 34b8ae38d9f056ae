// Burns what has proved to work into the rollback floors of the fuses. Only ever forward, and never beyond what the fuses can show.

import type { Measurement } from '../../../contracts/core/measurement.ts';
import type { BootStage, Fuses } from '../../hil/fuses.ts';

/** Steps of a fuse thermometer. A higher index boots, and the floor below it ends here. */
const FLOOR_MAX = 256;
/** A list, so that the log's other lines (`rom`, `engine`, `app`) are told apart. */
const BOOT_STAGES: readonly BootStage[] = ['plutonRuntime', 'trustedKeystore', 'monitor', 'os'];

/** Each boot stage of the log becomes the oldest of its kind that may still boot. */
export function raiseRollbackFloors(fuses: Fuses, log: readonly Measurement[]): void {
  for (const { stage: name, rollbackIndex } of log) {
    const stage = BOOT_STAGES.find((bootStage) => bootStage === name);
    const floor = Math.min(rollbackIndex, FLOOR_MAX);
    if (stage !== undefined && floor > fuses.rollbackFloor(stage)) fuses.raiseRollbackFloor(stage, floor);
  }
}
