// A device made for one run: manufactured, powered on, in development mode; gone afterwards. Never a device that somebody keeps.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manufactureDevice } from '../factory/manufacture.ts';
import type { OsRelease } from '../factory/os-release.ts';
import type { Profile } from '../factory/profile.ts';
import { developmentCapability } from '../factory/profile.ts';
import type { PinNames } from './bench.ts';
import { Bench } from './bench.ts';

export interface FreshDeviceOptions {
  readonly profile: Profile;
  readonly board: string;
  readonly names: PinNames;
  /** Another release than the profile's: an OS with a hole, to show what still stands. */
  readonly release?: OsRelease;
  /** Entropy from this seed instead of the host's, for runs that must replay. */
  readonly seed?: number;
  /** Time stands at 0 until `Bench.runTime` lets it run. */
  readonly virtualTime?: boolean;
  /** Apps of one signer share a process: `worker` or `thread`. */
  readonly placement?: string;
  /** A board that gives an app this many bytes, instead of its own limit. */
  readonly memoryLimitBytes?: number | undefined;
  /** Told of every line on the device's own standard error. */
  readonly onTrace?: (text: string) => void;
  /** Ends the work early; the device is taken away then as ever. */
  readonly signal?: AbortSignal;
}

/** Makes the device, does the work, and takes the device away whatever happens. */
export async function withFreshDevice<Result>(
  options: FreshDeviceOptions,
  work: (bench: Bench, folder: string) => Promise<Result>,
): Promise<Result> {
  const parent = await mkdtemp(join(tmpdir(), 'casemate-'));
  const folder = join(parent, 'device');
  try {
    const { profile, board, names, seed, virtualTime, placement, memoryLimitBytes, onTrace, signal } = options;
    signal?.throwIfAborted();
    const seeded = seed === undefined ? {} : { seed };
    const made = await manufactureDevice({
      folder,
      board,
      release: options.release ?? profile.release,
      anchors: profile.anchors,
      ...seeded,
    });
    const heard = {
      ...(onTrace && { onTrace }),
      ...(signal && { signal }),
      ...(virtualTime && { virtualTime }),
      ...(placement !== undefined && { placement }),
      ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    };
    const bench = await Bench.start(folder, names, { ...seeded, ...heard });
    try {
      await bench.client.applyCapability(await developmentCapability(profile, made.deviceId));
      return await work(bench, folder);
    } finally {
      await bench.stop();
    }
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
