// Where an app of this board runs: in a process of its own, or with others of its signer in one. Whoever is not sure gets a process: it is the
// stronger wall, so no doubt and no failure here ever ends in a weaker one.

import { CONTEXTS } from '../../contracts/core/chip.ts';
import type { GroupPlacement } from '../../contracts/core/group-frame.ts';
import type { GroupStraps } from '../hil/chip.ts';
import type { Placement } from './abi/records.ts';
import { CallRefusal } from './call-refusal.ts';
import type { TrustedApplication } from './trust-policy.ts';

export interface Place {
  readonly placement: Placement;
  readonly context: number;
}

/** Whose images share a process: the key that counted, as what it counted, and the catalog that they are of. */
export function signerOf({ image, trust, signerId }: TrustedApplication): string {
  return `${trust} ${image.catalogId} ${signerId.join()}`;
}

/** Reading, rewriting and compiling have the whole thread, and its neighbours wait meanwhile. Larger components get a process. */
const THREAD_COMPONENT_MAX_BYTES = 512 * 1024;

export class Placements {
  readonly #groups: GroupStraps | undefined;

  constructor(groups: GroupStraps | undefined) {
    this.#groups = groups;
  }

  /** The contexts of the board's group: the last ones, for no process of another app ever has a pipe of theirs. */
  get groupContexts(): readonly number[] {
    const count = Math.min(this.#groups?.contexts ?? 0, CONTEXTS - 2);
    return Array.from({ length: count }, (_, index) => CONTEXTS - count + index);
  }

  get groupPlacement(): GroupPlacement | undefined {
    return this.#groups?.placement;
  }

  /**
   * `takes`: whether the group as it is now may hold an app of this signer. Images of another signer, images that are too large for a thread,
   * and those for which the group has no room left run in a process. Errors: `no-free-context`, `placement-not-accepted`.
   */
  placeFor(
    application: TrustedApplication,
    takes: (signer: string) => boolean,
    isFree: (context: number) => boolean,
  ): Place {
    const grouped = this.groupContexts;
    if (this.#groups !== undefined && this.#mayJoin(application, takes)) {
      const context = grouped.find(isFree);
      if (context !== undefined) return { placement: this.#groups.placement, context };
    }
    for (let context = 1; context < CONTEXTS; context++) {
      if (!grouped.includes(context) && isFree(context)) return { placement: 'process', context };
    }
    throw new CallRefusal('no-free-context', `${CONTEXTS - 1 - grouped.length} apps have a process of their own`);
  }

  #mayJoin(application: TrustedApplication, takes: (signer: string) => boolean): boolean {
    if (this.#groups === undefined) return false;
    // One app of a group that is taken over has what all of them were granted: nobody else than the board's maker can accept that.
    if (!this.#groups.acceptsUnionOfGrants)
      throw new CallRefusal('placement-not-accepted', 'the board does not accept the union of the grants of a group');
    if (this.#groups.placement === 'thread' && application.image.component.length > THREAD_COMPONENT_MAX_BYTES)
      return false;
    return takes(signerOf(application));
  }
}
