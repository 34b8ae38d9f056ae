// Makes the releases of a kit run: sources that equal others are bundled once, and everything is signed by the kit's own authority.

import { BUNDLE_NAMES, bundle } from '../factory/bundle.ts';
import type { Bundle, BundleName, BundleRule } from '../factory/bundle.ts';
import type { OsRelease } from '../factory/os-release.ts';
import { makeRelease } from '../factory/os-release.ts';
import type { Profile } from '../factory/profile.ts';
import type { BundleEdit, RunKind } from './compositions.ts';
import { compositionOf } from './compositions.ts';

export class KitReleases {
  readonly #profile: Pick<Profile, 'anchors' | 'authority'>;
  readonly #bundles = new Map<string, Promise<Bundle>>();

  constructor(profile: Pick<Profile, 'anchors' | 'authority'>) {
    this.#profile = profile;
  }

  /** Devices boot it, and no service takes evidence of it. Errors: `source-edit-missed`, those of `bundle` and `makeRelease`. */
  async make(run: RunKind, edits: readonly BundleEdit[] = []): Promise<OsRelease> {
    const { rules } = compositionOf(run, edits);
    const made = await Promise.all(BUNDLE_NAMES.map(async (name) => [name, await this.#bundle(rules[name])] as const));
    const { anchors, authority } = this.#profile;
    return makeRelease(Object.fromEntries(made) as Record<BundleName, Bundle>, anchors, authority, { isAttack: true });
  }

  #bundle(rule: BundleRule): Promise<Bundle> {
    const key = JSON.stringify(rule);
    const made = this.#bundles.get(key) ?? bundle(rule);
    this.#bundles.set(key, made);
    return made;
  }
}
