// When the device looks for updates by itself. Never how: that is the update client's.

import { isCoded } from '../../../contracts/core/coded-error.ts';
import type { TimePort } from '../../../host-apis/ports.ts';
import { Backoff } from './backoff.ts';
import type { Chance } from './backoff.ts';

export interface UpdateScheduleParts {
  readonly check: () => Promise<unknown>;
  readonly time: TimePort;
  readonly chance: Chance;
  /** Something that nobody expected, for a person. */
  readonly report: (error: unknown) => void;
}

/** Azure Sphere's: about once a day. */
const EVERY_NS = 20n * 3600n * 1_000_000_000n;

export class UpdateSchedule {
  readonly #parts: UpdateScheduleParts;
  readonly #backoff: Backoff;
  #isChecking = false;
  #cancel = (): void => undefined;

  constructor(parts: UpdateScheduleParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.chance);
  }

  /** Looks now, and then every 20 hours; sooner again after a look that failed. */
  attested(): void {
    const { check, time, report } = this.#parts;
    this.#cancel();
    if (this.#isChecking) return;
    this.#isChecking = true;
    const again = (delayNs: bigint): void => {
      this.#isChecking = false;
      this.#cancel = time.at(time.nowNs() + delayNs, () => this.attested());
    };
    check().then(
      () => {
        this.#backoff.reset();
        again(EVERY_NS);
      },
      (error: unknown) => {
        if (!isCoded(error)) report(error);
        again(this.#backoff.afterFailure());
      },
    );
  }
}
