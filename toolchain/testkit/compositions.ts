// Which releases the kit boots its devices with: the sound one, and builds of its own in which one thing is opened or taken away. None of
// the openings is a switch in the product: each is an edit of a source as a bundle is made, under keys that are thrown away.

import { BUNDLES, BUNDLE_NAMES } from '../factory/bundle.ts';
import type { BundleName, BundleRule, Replacement } from '../factory/bundle.ts';
import { CHECKOUT } from '../factory/checkout.ts';
import type { SourceEdit } from '../factory/edited-source.ts';
import { editedSources } from '../factory/edited-source.ts';
import { ALLOW_ALL, otherGrantCheck } from '../factory/hollow-os.ts';
import type { ReleaseSources } from '../factory/release-cache.ts';

/**
 * How calls are made. `shipped`: a guest on the OS as it ships. `taken-over`: raw frames from a runner that obeys the kit, to the broker
 * as it ships. `opened`: a guest, with the linker's and the broker's grant checks open. `opened-taken-over`: raw frames to that broker, for what no
 * guest of the kit can say.
 */
export const RUNS = ['shipped', 'taken-over', 'opened', 'opened-taken-over'] as const;
export type RunKind = (typeof RUNS)[number];

/** What a mutant takes away from one bundle. */
export interface BundleEdit {
  readonly bundle: BundleName;
  readonly edit: SourceEdit;
}

/** Bundles that run an app's component: the compartment's process, and the group's. */
const RUNNERS: readonly BundleName[] = ['compartment', 'group'];
const LINKER = 'host-apis/capability-imports.ts';
const RUNNER = 'runtime/compartment/run-app.ts';

/** Every import is as good as granted. */
export const OPEN_LINKER: SourceEdit = {
  path: LINKER,
  find: 'return [...foreign, ...closed];',
  by: 'return [...foreign, ...closed].slice(0, 0);',
};

/** Lets a probe say its lines without a pause: the kit's own builds are hurried, the release as it ships is not. */
const EVERY_LINE: SourceEdit = {
  path: 'host-apis/broker/log-budget.ts',
  find: 'LOG_ALLOWANCE: LogAllowance = { lines: 100, bytes: 16 * 1024,',
  by: 'LOG_ALLOWANCE: LogAllowance = { lines: 100_000, bytes: 2 ** 30,',
};

/** Mutations may bring a grant check of their own. Errors: `source-edit-missed`. */
export function compositionOf(run: RunKind, mutations: readonly BundleEdit[] = []): ReleaseSources {
  const edits = new Map<BundleName, SourceEdit[]>(BUNDLE_NAMES.map((name) => [name, []]));
  const swapped = new Map<BundleName, Replacement[]>();
  if (run === 'taken-over' || run === 'opened-taken-over') {
    // The group links apps of several contexts in one process: the kit's apps run in one process each.
    swapped.set('compartment', [
      { path: RUNNER, by: `export { runApp } from '../../toolchain/testkit/raw-runner.ts';` },
    ]);
  }
  if (run === 'opened') for (const name of RUNNERS) edits.get(name)?.push(OPEN_LINKER);
  const isOpen = run === 'opened' || run === 'opened-taken-over';
  const hasGrantCheck = mutations.some(({ edit }) => edit.path === otherGrantCheck(ALLOW_ALL).path);
  if (isOpen && !hasGrantCheck) edits.get('os')?.push(otherGrantCheck(ALLOW_ALL));
  for (const { bundle, edit } of mutations) edits.get(bundle)?.push(edit);
  if (isHurried(run, mutations)) edits.get('os')?.push(EVERY_LINE);
  const rules = Object.fromEntries(
    BUNDLE_NAMES.map((name): [BundleName, BundleRule] => [
      name,
      { ...BUNDLES[name], replaced: [...(swapped.get(name) ?? []), ...editedSources(edits.get(name) ?? [])] },
    ]),
  ) as Record<BundleName, BundleRule>;
  return { root: CHECKOUT, rules, isAttack: true };
}

/** Whether probes need no pauses in this composition. */
export function isHurried(run: RunKind, mutations: readonly BundleEdit[] = []): boolean {
  return run !== 'shipped' || mutations.length > 0;
}
