// What a run of the kit is about: the manifest, its calls, and what the probes are made with. Data only.

import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import type { DerivedCalls } from './derive-calls.ts';
import type { PartCalls } from './part-calls.ts';
import type { Neighbour } from './probe-call.ts';

export interface Subject {
  /** As the probes carry it: without dependencies. */
  readonly manifest: PackagedManifest;
  /** As it was given. */
  readonly whole: PackagedManifest;
  readonly derived: DerivedCalls;
  /** Of each dependency of the manifest. */
  readonly parts: readonly PartCalls[];
  readonly neighbour: Neighbour;
  readonly hosts: readonly string[];
  /** What the probes' images are granted. */
  readonly memoryBytes: number;
  /** The device's release takes any number of lines. */
  readonly isHurried: boolean;
  /** Signs the probes for the device of the run. */
  readonly key: SigningKey;
}
