// What stops a running guest: a rule of the canonical ABI that it broke. Never a refusal before it ran.

import { CodedError } from '../../contracts/core/coded-error.ts';

export type TrapCode =
  | 'pointer-misaligned'
  | 'pointer-out-of-bounds'
  | 'discriminant-invalid'
  | 'char-invalid'
  | 'string-invalid'
  | 'string-too-long'
  | 'list-too-long'
  | 'lift-budget-spent'
  | 'handle-unknown'
  | 'handle-wrong-type'
  | 'handle-lent'
  | 'handle-not-own'
  | 'handles-too-many'
  | 'borrow-kept'
  | 'cannot-leave'
  | 'cannot-enter'
  /** A call that has to wait, below realloc, post-return, a destructor or a start function. */
  | 'cannot-block'
  /** All fuel is used, or all of the reserve of a call that cannot wait for more. */
  | 'fuel-exhausted'
  /** Recursion beyond the stack that the app has: at the same depth on every machine. */
  | 'stack-exhausted'
  /** A call after the end: a guest that catches the trap it was sent does not get past it. */
  | 'instance-poisoned';

/** `fault` is the guest's. */
export class GuestTrap extends CodedError<TrapCode> {}
