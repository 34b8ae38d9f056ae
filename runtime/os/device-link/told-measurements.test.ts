import test from 'ava';
import { MEASUREMENT_LOG_MAX_LINES } from '../../../contracts/core/limits.ts';
import type { MeasuredStage, Measurement } from '../../../contracts/core/measurement.ts';
import { encodeLinkFrame } from '../../../contracts/wire/device-link.ts';
import { MEASUREMENTS_TOLD_MAX, toldMeasurements } from './told-measurements.ts';

const BOOT: readonly MeasuredStage[] = ['rom', 'engine', 'plutonRuntime', 'trustedKeystore', 'monitor', 'os'];
const line = (stage: MeasuredStage, rollbackIndex: number): Measurement => {
  return { stage, digest: new Uint8Array(32).fill(255), rollbackIndex, name: '00000000-0000-4000-8000-00000000000a' };
};

/** A boot and so many apps in the log's bounds, the last of them with the highest index. */
function logOf(lines: number): readonly Measurement[] {
  const apps = Array.from({ length: lines - BOOT.length }, (_, index) => line('app', 0xffff_0000 + index));
  return [...BOOT.map((stage) => line(stage, 0xffff_ffff)), ...apps];
}

test('the longest log that a monitor keeps is told in one frame: the boot, the newest apps, and how many are left out', (t) => {
  const log = logOf(MEASUREMENT_LOG_MAX_LINES);
  const told = toldMeasurements(log);
  const words = {
    deviceId: 'a'.repeat(128),
    board: 'b'.repeat(64),
    rights: Array.from({ length: 32 }, () => 'r'.repeat(64)),
  };
  t.notThrows(() => encodeLinkFrame({ id: 0xffff_ffff, ok: true, result: { ...words, ...told } }));
  t.deepEqual(
    told.measurements.slice(0, BOOT.length).map(({ stage }) => stage),
    BOOT,
  );
  t.is(told.measurements.at(-1)?.rollbackIndex, log.at(-1)?.rollbackIndex);
  t.is(told.measurements.length + told.measurementsDropped, MEASUREMENT_LOG_MAX_LINES);
});

test('a log that fits is told whole, in its order', (t) => {
  for (const lines of [BOOT.length, MEASUREMENTS_TOLD_MAX]) {
    const told = toldMeasurements(logOf(lines));
    t.is(told.measurementsDropped, 0);
    t.deepEqual(
      told.measurements.map(({ rollbackIndex }) => rollbackIndex),
      logOf(lines).map(({ rollbackIndex }) => rollbackIndex),
    );
  }
  t.is(toldMeasurements(logOf(MEASUREMENTS_TOLD_MAX + 1)).measurementsDropped, 1);
});
