// The measurement log as `device.show` tells it: the boot and the newest apps. Never more than one frame holds; the whole log is
// the monitor's, and a report of evidence is made from that one.

import type { Measurement } from '../../../contracts/core/measurement.ts';
import { bytesToHex } from '../../../contracts/core/ids.ts';
import type { DeviceDescription } from '../../../contracts/wire/device-link.ts';

/** Of 160 bytes and less in MessagePack: 40 KiB of the frame's 64. */
export const MEASUREMENTS_TOLD_MAX = 256;

export function toldMeasurements(
  log: readonly Measurement[],
): Pick<DeviceDescription, 'measurements' | 'measurementsDropped'> {
  const boot = log.filter(({ stage }) => stage !== 'app');
  const apps = log.filter(({ stage }) => stage === 'app');
  const dropped = Math.max(0, log.length - MEASUREMENTS_TOLD_MAX);
  const measurements = [...boot, ...apps.slice(dropped)].map(({ stage, digest, rollbackIndex, name }) => {
    return { stage, digest: bytesToHex(digest), rollbackIndex, name };
  });
  return { measurements, measurementsDropped: dropped };
}
