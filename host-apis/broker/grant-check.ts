// The broker's grant check: may this app make this call on this thing? Never the only check: the silicon firewall asks again.

import type { Grants } from '../../contracts/core/grants.ts';
import type { FunctionRule } from '../capabilities.ts';

/** What a guarded call names. */
export interface AskedResource {
  readonly kind: 'gpio';
  /** The chip's pin number, as the app gave it. */
  readonly pin: number;
}

/**
 * Asked before every call of one app, on a handle as well as on a number. It is one object, handed in, so that a test can
 * take it away and see what then still holds.
 */
export interface GrantCheck {
  allows(rule: FunctionRule, asked: AskedResource | undefined): boolean;
}

/** Makes the check of one app out of the compiled grants of its image. */
export type GrantCheckFor = (grants: Grants) => GrantCheck;

/** The check that every board uses: what the grants do not name is refused. */
export const checkGrants: GrantCheckFor = (grants) => {
  const pins = new Set(grants.gpioPins);
  return {
    allows(rule, asked) {
      switch (rule.capability) {
        case undefined:
          return true;
        case 'Gpio':
          return asked?.kind === 'gpio' && pins.has(asked.pin);
      }
    },
  };
};
