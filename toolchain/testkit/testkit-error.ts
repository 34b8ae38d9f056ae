// Why the capability test kit cannot say anything. Never for a row that fails: that is what the kit is there to say.

import { CodedError } from '../../contracts/core/coded-error.ts';

export type TestkitErrorCode =
  /** A function of the capability table that the kit has no recipe for. */
  | 'recipe-missing'
  /** A call that a guest is to make, and no words for it in a component. */
  | 'guest-call-missing'
  /** The probe did not start, did not finish, or said nothing of a call. */
  | 'probe-silent'
  /** A check that is claimed, and no build that takes it away. */
  | 'mutant-missing'
  /** What is to be tested is no manifest, image or app folder. */
  | 'target-unreadable'
  | 'matrix-malformed';
export class TestkitError extends CodedError<TestkitErrorCode> {}
